// Traditional Chinese is complete: every text in the code and every key of the manifest has its entry.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mergeParts } from '../../scripts/writeL10n.mjs';
import { scorers } from '../../src/evals/scorers.ts';
import { presets } from '../../src/recipes/presets.ts';
import { experimentJsonSchema } from '../../src/shared/experiment.ts';
import { textsIn } from './texts.ts';

const { texts: chinese, conflicts } = mergeParts();
const found = [...textsIn('src/extension', 't'), ...textsIn('webview', 'text'), ...textsIn('src', 'phrase')];
/** What `declared(...)` hands on: descriptions of the schema, titles and descriptions of scorers and presets. */
function declaredTexts(): string[] {
  const described = (node: unknown): string[] =>
    typeof node !== 'object' || node === null
      ? []
      : Object.entries(node).flatMap(([key, value]) =>
          key === 'description' && typeof value === 'string' ? [value] : described(value),
        );
  const listed = [...scorers, ...presets].flatMap(({ title, description }) => [title, description]);
  return [...new Set([...described(experimentJsonSchema()), ...listed])];
}

const placeholders = (text: string): string[] => [...new Set(text.match(/\{\d+\}/g))].sort();
const read = (file: string): Record<string, string> => JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;

describe('texts that a person sees', () => {
  it('are found', () => {
    expect(found.length).toBeGreaterThan(50);
    expect(textsIn('src', 'phrase').length).toBeGreaterThan(50);
  });

  it('are literals where they are translated', () => {
    // These hand a text on that was looked up or made elsewhere.
    const passesOn = /src\/extension\/translate\.ts|webview\/ui\//;
    expect(found.filter(({ text, place }) => text === undefined && !passesOn.test(place))).toEqual([]);
  });

  it('are all there in Traditional Chinese', () => {
    const missing = found.filter(({ text }) => text !== undefined && chinese[text] === undefined);
    expect(missing.map(({ text, place }) => `${place} ${text}`)).toEqual([]);
    expect(declaredTexts().length).toBeGreaterThan(120);
    expect(declaredTexts().filter((text) => chinese[text] === undefined)).toEqual([]);
  });

  it('leave no translation over', () => {
    const used = new Set([...found.map(({ text }) => text), ...declaredTexts()]);
    expect(Object.keys(chinese).filter((text) => !used.has(text))).toEqual([]);
  });

  it('are translated in one way', () => {
    expect(conflicts).toEqual([]);
  });

  it('keep their placeholders', () => {
    const wrong = Object.entries(chinese).filter(
      ([text, translated]) => placeholders(text).join() !== placeholders(translated).join(),
    );
    expect(wrong).toEqual([]);
  });

  it('of the manifest are in both languages', () => {
    const [english, translated] = [read('package.nls.json'), read('package.nls.zh-tw.json')];
    const used = [...readFileSync('package.json', 'utf8').matchAll(/"%([\w.]+)%"/g)].map((match) => match[1]!);
    const sorted = (keys: Iterable<string>): string[] => [...new Set(keys)].sort();
    expect(sorted(Object.keys(english))).toEqual(sorted(used));
    expect(sorted(Object.keys(translated))).toEqual(sorted(used));
    const links = (text: string): string => (text.match(/\(command:[^)]*\)/g) ?? []).join();
    for (const key of used) expect(links(translated[key]!), key).toBe(links(english[key]!));
  });
});
