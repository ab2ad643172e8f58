// The documentation is held to what it describes: links lead somewhere, commands and cited sections exist, and the
// reference says what the declarations say.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { experimentSchema } from '../../src/shared/experiment.ts';
import { reference } from './reference.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const inDocs = readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'examples/pocket/README.md'],
  ...inDocs.map((name) => `docs/${name}`),
];

/** The fragment that a heading gets on code hosts and in VS Code's preview. */
function fragment(heading: string): string {
  const kept = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '');
  return kept.trim().replaceAll(' ', '-');
}

const headings = (text: string): string[] => [...text.matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? '');

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('links to files and headings that exist', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
    const broken = links
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [file = '', heading] = link.split('#');
        const target = file === '' ? page : path.join(path.dirname(page), file);
        if (!existsSync(path.join(root, target))) return true;
        return heading !== undefined && !headings(read(target)).map(fragment).includes(heading);
      });
    expect(broken).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/`npm (?:run )?([a-z:]+)/gi)].map((match) => match[1] ?? '');
    const unknown = named.filter((name) => !(name in scripts) && !['start', 'test', 'install', 'ci'].includes(name));
    expect(unknown).toEqual([]);
  });

  it('names entries of Reopen Editor With that exist', () => {
    const texts = JSON.parse(read('package.nls.json')) as Record<string, string>;
    const named = [...text.matchAll(/\*Reopen Editor With\.{3}\s+>\s+([^*]+)\*/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => name.replace(/\s+/g, ' ') !== texts['editor.datasetView'])).toEqual([]);
  });
});

it('every page is reachable from the README', () => {
  const linked = read('README.md');
  expect(inDocs.filter((name) => !linked.includes(`docs/${name}`))).toEqual([]);
});

it('the example on the page of experiments is an experiment', () => {
  const examples = [...read('docs/experiments.md').matchAll(/^```yaml\n(.*?)^```/gms)].map((match) => match[1] ?? '');
  expect(examples.length).toBeGreaterThan(0);
  for (const text of examples) expect(() => experimentSchema.parse(parse(text))).not.toThrow();
});

it('sections of the methods page that the code cites exist', () => {
  const sections = new Set(headings(read('docs/methods.md')).map((heading) => heading.split(' ')[0] ?? ''));
  const pitfalls = new Set([...read('docs/methods.md').matchAll(/^\| (\d+) \| \*\*/gm)].map((match) => match[1] ?? ''));
  const files = ['src', 'webview', 'bench', 'schemas', 'docs'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|json|md|py)$/.test(name))
      .map((name) => path.join(folder, name)),
  );
  const missing = files.flatMap((file) => {
    const text = read(file);
    const cited = [...text.matchAll(/\bmethods ((?:\d+\.\d+(?:\.\d+)?(?:, | and )?)+)/g)]
      .flatMap((match) => (match[1] ?? '').match(/\d+(\.\d+)+/g) ?? [])
      .filter((section) => !sections.has(section));
    const warned = [...text.matchAll(/\bpitfalls? (\d+)/g)].map((match) => match[1] ?? '');
    return [...cited, ...warned.filter((one) => !pitfalls.has(one)).map((one) => `pitfall ${one}`)].map(
      (one) => `${file}: ${one}`,
    );
  });
  expect(missing).toEqual([]);
});

it('the reference says what the declarations say', async () => {
  // When this fails after a change of a declaration: npx vitest run test/docs -u
  await expect(reference()).toMatchFileSnapshot('../../docs/reference.md');
});
