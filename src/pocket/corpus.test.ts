import { describe, expect, it } from 'vitest';
import { corpusExample, oldSkills } from './corpus.ts';
import { subtraction } from './skills/arithmetic.ts';
import { newCalls } from './skills/calls.ts';
import { benchmarkRows, taskRows } from './writeWorkspace.ts';

const corpus = Array.from({ length: 20_000 }, (_, index) => corpusExample(0, index));
const asked = new Set(corpus.map(({ prompt }) => prompt.at(-1)!.content));
const promptOf = (row: Record<string, unknown>): string => (row['prompt'] as { content: string }[])[0]!.content;

describe('the base corpus', () => {
  it('is a function of seed and index', () => {
    expect(corpusExample(0, 17)).toEqual(corpus[17]);
    expect(Array.from({ length: 20 }, (_, index) => corpusExample(1, index))).not.toEqual(corpus.slice(0, 20));
  });

  it.each([...oldSkills, subtraction, newCalls].map((skill) => [skill.name, skill] as const))(
    'asks no held-out item of %s',
    (_, skill) => {
      const rows = benchmarkRows(skill, 200, 1);
      expect(new Set(rows.map(promptOf)).size).toBe(200);
      expect(rows.filter((row) => asked.has(promptOf(row)))).toEqual([]);
    },
  );

  it('never calls a function of the new interface', () => {
    const names = new Set(taskRows(newCalls, 200, 1).map((row) => String(row['answer']).split('(')[0]!));
    expect(names.size).toBe(6);
    const called = corpus.filter(
      ({ skill, completion }) => skill !== 'echo' && [...names].some((name) => completion.includes(name)),
    );
    expect(called).toEqual([]);
  });

  it('holds every skill, and foreign notations rarely', () => {
    const share = (prefix: string): number =>
      corpus.filter(({ skill }) => skill.startsWith(prefix)).length / corpus.length;
    for (const { name } of oldSkills) expect(share(name)).toBeGreaterThan(0.02);
    expect(share('rare-')).toBeGreaterThan(0.005);
    expect(share('rare-')).toBeLessThan(0.03);
  });
});

describe('training rows of a new task', () => {
  it.each([subtraction, newCalls])('keep $name apart from its benchmark', (skill) => {
    const rows = taskRows(skill, 1500, 1);
    const held = new Set(benchmarkRows(skill, 240, 1).map((row) => JSON.stringify([row['prompt'], row['answer']])));
    expect(new Set(rows.map(promptOf)).size).toBe(1500);
    expect(rows.filter((row) => held.has(JSON.stringify([row['prompt'], row['answer']])))).toEqual([]);
  });
});
