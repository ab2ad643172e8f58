import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../data/testFolder.ts';
import { fakeWorkspace } from '../../runs/testing/fakeWorkspace.ts';
import { packageRoot } from '../../runs/packageRoot.ts';
import { inEnglish } from '../../shared/phrase.ts';
import { complete } from './complete.ts';
import { textPositions } from './textPositions.ts';

/** Completions where `|` stands; applied is the text after choosing one. */
async function at(marked: string, name = 'x.experiment.yaml', folder = packageRoot) {
  const offset = marked.indexOf('|');
  const text = marked.slice(0, offset) + marked.slice(offset + 1);
  const positions = textPositions(text);
  const items = await complete(join(folder, name), text, positions.at(offset));
  const labels = items.map((item) => item.label);
  const apply = (label: string): string => {
    const item = items.find((candidate) => candidate.label === label);
    if (!item) throw new Error(`no ${label} among ${labels.join(', ')}`);
    const [start, end] = [positions.offset(item.range.start), positions.offset(item.range.end)];
    return text.slice(0, start) + item.insertText + text.slice(end);
  };
  return { items, labels, apply };
}

describe('keys', () => {
  test('of an empty file, the required ones first', async () => {
    const { labels, items } = await at('|');
    expect(labels.slice(0, 5)).toEqual(['name', 'model', 'stages', 'arms', 'benchmarks']);
    expect(labels).not.toContain('$schema');
    expect(items[0]).toMatchObject({ kind: 'key' });
    expect(inEnglish(items[0]?.detail ?? '')).toBe('text, required');
    expect(items.map((item) => item.sortText)).toEqual(items.map((item) => item.sortText).sort());
  });

  test('that are there already are left out, also those behind the cursor', async () => {
    const { labels } = await at('name: a\n|\nmodel: pocket\nstages: []\n');
    expect(labels).not.toContain('name');
    expect(labels).not.toContain('model');
    expect(labels.slice(0, 2)).toEqual(['arms', 'benchmarks']);
  });

  test('of a list entry, with the value and default to fill in', async () => {
    const { labels, apply } = await at('stages:\n  - name: a\n    ma|\narms:\n  - name: b\n');
    expect(labels.slice(0, 2)).toEqual(['dataset', 'steps']);
    expect(apply('maxTokens')).toBe('stages:\n  - name: a\n    maxTokens: ${1:128}\narms:\n  - name: b\n');
    expect(apply('verifier')).toContain('verifier: { scorer: ${1} }');
  });

  test('of a new list entry and of a mapping on a line of its own', async () => {
    expect((await at('arms:\n  - |')).labels[0]).toBe('name');
    expect((await at('training:\n  |')).labels).toContain('batchSize');
    expect((await at('training:\n  batchSize: 4\n  |')).labels).not.toContain('batchSize');
  });

  test('of the kind that is meant, also where it is written behind the cursor', async () => {
    expect((await at('arms:\n  - name: a\n    mask: { kind: stm, |')).labels).toEqual(['tau', 'protectEos']);
    expect((await at('arms:\n  - name: a\n    mask:\n      |\n      kind: stm\n')).labels).toEqual([
      'tau',
      'protectEos',
    ]);
    expect((await at('arms:\n  - name: a\n    mask: { | }')).labels[0]).toBe('kind');
  });

  test('lists and mappings begin on a line of their own, indented absolutely', async () => {
    expect((await at('|')).apply('stages')).toBe('stages:\n  - name: ${1}');
    expect((await at('|')).apply('training')).toBe('training:\n  ${1}');
    expect((await at('arms:\n  - name: a\n    |')).apply('learningRates')).toContain('    learningRates: [${1:}]');
  });

  test('in JSON carry their quotes', async () => {
    const { labels, apply } = await at('{\n  "name": "a",\n  "mo|"\n}', 'x.experiment.json');
    expect(labels[0]).toBe('model');
    expect(apply('model')).toBe('{\n  "name": "a",\n  "model": "${1}"\n}');
    expect((await at('{ "training": { "sch| } }', 'x.experiment.json')).apply('schedule')).toContain(
      '"schedule": ${1|"constant","linear","cosine"|}',
    );
  });

  test('that a merge key brings in are there already', async () => {
    const arm = (rest: string): string =>
      `arms:\n  - &plain\n    name: a\n    preset: stm\n  - <<: *plain\n    ${rest}`;
    const { labels } = await at(arm('|\n'));
    expect(labels).toContain('mask');
    expect(labels).not.toContain('name');
    expect(labels).not.toContain('preset');
  });

  test('with a colon are only renamed', async () => {
    expect((await at('stages:\n  - na|: a\n')).apply('name')).toBe('stages:\n  - name: a\n');
  });
});

describe('values', () => {
  test('choices, in quotes where there are some', async () => {
    expect((await at('device: |')).labels).toEqual(['auto', 'cpu', 'webgpu', 'cuda']);
    expect((await at('device: "c|"')).apply('cuda')).toBe('device: "cuda"');
    expect((await at('{ "device": "|', 'x.experiment.json')).apply('cpu')).toBe('{ "device": "cpu"');
    expect((await at('benchmarks:\n  - { name: a, guard: |')).labels).toEqual(['true', 'false']);
  });

  test('presets with title and arXiv id', async () => {
    const { items, apply } = await at('arms:\n  - { name: a, preset: self-|');
    const { kind, detail = '', documentation = [] } = items.find((item) => item.label === 'stm') ?? {};
    expect([kind, inEnglish(detail)]).toEqual(['preset', 'Selective token masking (arXiv 2501.14315)']);
    expect(documentation.flat().map(inEnglish)).toContain('mask: { kind: stm, tau: 2.5 }');
    expect(apply('self-output')).toBe('arms:\n  - { name: a, preset: self-output');
  });

  test('scorers, benchmarks of this file, kinds', async () => {
    expect((await at('benchmarks:\n  - name: a\n    scorer: |')).labels).toContain('last_number');
    const text = 'stages:\n  - name: a\n    benchmark: |\nbenchmarks:\n  - name: new calls\n  - { name: "a: b" }\n';
    const { labels, apply } = await at(text);
    expect(labels).toEqual(['new calls', 'a: b']);
    expect(apply('a: b')).toContain('benchmark: "a: b"');
    expect((await at('arms:\n  - mask: { kind: |')).labels).toEqual(['none', 'stm', 'random']);
    expect((await at('arms:\n  - name: a\n    mask: |')).apply('{ kind: stm }')).toContain('mask: { kind: stm$0 }');
  });

  test('after an anchor or a tag, which stays', async () => {
    expect((await at('arms:\n  - preset: &x |')).apply('stm')).toBe('arms:\n  - preset: &x stm');
    expect((await at('arms:\n  - preset: &x !!str st|')).apply('stm')).toBe('arms:\n  - preset: &x !!str stm');
    expect((await at('arms:\n  - { name: a, preset: !!str |')).apply('stm')).toContain('preset: !!str stm');
  });

  test('items of lists', async () => {
    expect((await at('arms:\n  - trainable: { kind: freeze, roles: [mlp, |')).labels).toContain('attention');
    expect((await at('learningRates: |')).labels).toEqual(['[0.0003]']);
  });

  test('files, models and columns', async () => {
    const folder = await fakeWorkspace();
    const stages = 'stages:\n  - name: a\n    dataset: fi|';
    expect((await at(stages, 'x.experiment.yaml', folder)).labels).toContain('first.jsonl');
    expect((await at('model: |', 'x.experiment.yaml', folder)).labels).toEqual(['pocket', 'model']);
    const verifier = 'stages:\n  - name: a\n    dataset: first.jsonl\n    verifier: { scorer: exact, field: |';
    expect((await at(verifier, 'x.experiment.yaml', folder)).labels).toEqual(['prompt', 'completion', 'answer']);
    const outside = 'neutralText: ../|';
    const { labels } = await at(outside, 'sub/x.experiment.yaml', folder);
    expect(labels).toContain('../neutral.jsonl');
  });

  test('files and models in linked folders, by the path of the link', async () => {
    const scratch = await fakeWorkspace();
    const folder = await temporaryFolder();
    await symlink(scratch, join(folder, 'data'));
    const stages = 'stages:\n  - name: a\n    dataset: fi|';
    expect((await at(stages, 'x.experiment.yaml', folder)).labels).toContain('data/first.jsonl');
    expect((await at('model: |', 'x.experiment.yaml', folder)).labels).toEqual(['pocket', 'data/model']);
  });
});

test('nothing in comments, in names and outside the schema', async () => {
  for (const text of ['# na|', 'name: a|', 'nonsense: |', 'description: |-\n  te|', 'steps: "a\\"|']) {
    const { labels } = await at(text);
    expect([text, labels]).toEqual([text, []]);
  }
});

test('aliases that mean nothing or too much do not stop what is typed below them', async () => {
  const copies = (of: string): string => `[${Array<string>(10).fill(`*${of}`).join(',')}]`;
  const bomb = `a: &a [1]\nb: &b ${copies('a')}\nc: &c ${copies('b')}\nd: &d ${copies('c')}\ne: ${copies('d')}\n`;
  for (const above of ['name: *later\n', bomb, 'seeds: &x [*x]\n', 'training:\n  <<: 5\n']) {
    const { labels } = await at(`${above}arms:\n  - name: a\n    preset: |\n`);
    expect([above, labels.includes('stm')]).toEqual([above, true]);
    expect([above, (await at(`${above}|`)).labels.includes('stages')]).toEqual([above, true]);
  }
});

test.each([
  [
    'flow and block',
    'name: a\nstages:\n  - { name: "b, c", dataset: data/x.jsonl, verifier: { scorer: e } }\narms: [{ mask: {} }]\n',
  ],
  ['names that every object has', '__proto__: { a: b }\nconstructor: 5\ntoString: a\narms:\n  - preset: __proto__\n'],
  [
    'anchors, aliases and tags',
    'arms:\n  - &a\n    name: !!str a\n    mask: &m { kind: stm }\n  - <<: *a\n    mask: *m\n',
  ],
])('any cursor in any beginning of a file is answered: %s', async (_, text) => {
  for (let length = 0; length <= text.length; length++) {
    const positions = textPositions(text.slice(0, length));
    await complete('/nowhere/x.experiment.yaml', text.slice(0, length), positions.at(length));
    await complete('/nowhere/x.experiment.yaml', text, textPositions(text).at(length));
  }
});
