import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkExperiment } from '../../runs/loadExperiment.ts';
import { fakeWorkspace } from '../../runs/testing/fakeWorkspace.ts';
import type { ExperimentDiagnostic } from '../../shared/protocol/lab/experiments.ts';
import { toDiagnostics } from './diagnostics.ts';
import { textPositions } from './textPositions.ts';
import { phrase } from '../../shared/phrase.ts';

const lines = [
  'name: lab',
  'model: model',
  'stages:',
  '  - name: first',
  '    dataset: first.jsonl',
  '    steps: 5',
  '    verifier: { scorer: contains }',
  'arms:',
  '  - name: plain',
  'benchmarks:',
  '  - name: skill',
  '    data: skill.jsonl',
  '    scorer: exact',
  '',
];

async function diagnose(text: string, name = 'x.experiment.yaml') {
  const folder = await fakeWorkspace();
  await mkdir(join(folder, 'empty'), { recursive: true });
  await writeFile(join(folder, 'broken.jsonl'), '{"a":1}\n');
  const diagnostics = toDiagnostics(await checkExperiment(join(folder, name), text));
  return diagnostics.map((diagnostic) => ({ ...diagnostic, shown: shown(text, diagnostic) }));
}

/** The text a diagnostic underlines. */
function shown(text: string, { range }: ExperimentDiagnostic): string {
  const positions = textPositions(text);
  return text.slice(positions.offset(range.start), positions.offset(range.end));
}

/** The valid file with a line (1-based) replaced. */
const broken = (line: number, text: string): string => lines.with(line - 1, text).join('\n');

const at = (line: number, start: number, end: number) => ({
  start: { line: line - 1, character: start },
  end: { line: line - 1, character: end },
});

test('a valid file has no diagnostics', async () => {
  expect(await diagnose(lines.join('\n'))).toEqual([]);
});

describe('each kind of problem underlines exactly what is wrong', () => {
  const cases: [what: string, text: string, expected: object][] = [
    ['missing dataset', broken(5, '    dataset: gone.jsonl'), { code: 'missing-file', range: at(5, 13, 23) }],
    ['missing model', broken(2, 'model: "gone"'), { code: 'missing-file', range: at(2, 7, 13) }],
    ['missing benchmark file', broken(12, '    data: gone.jsonl # x'), { code: 'missing-file', range: at(12, 10, 20) }],
    ['missing text', broken(14, 'neutralText: gone.jsonl'), { code: 'missing-file', range: at(14, 13, 23) }],
    ['a folder for a file', broken(12, '    data: empty'), { code: 'missing-file', range: at(12, 10, 15) }],
    ['unknown scorer', broken(13, '    scorer: exakt'), { code: 'unknown-name', range: at(13, 12, 17) }],
    ['unknown preset', broken(9, '  - { name: p, preset: stmm }'), { code: 'unknown-name', range: at(9, 23, 27) }],
    ['unknown key', broken(6, '    setps: 5'), { code: 'missing-key', range: at(4, 4, 15) }],
    [
      'unknown key in braces',
      broken(7, '    verifier: { scorer: contains, feild: a }'),
      { code: 'unknown-key', range: at(7, 34, 39) },
    ],
    ['wrong type', broken(6, '    steps: many'), { code: 'wrong-value', range: at(6, 11, 15) }],
    ['no value', broken(6, '    steps:'), { code: 'wrong-value', range: at(6, 4, 9) }],
    ['wrong choice', broken(14, 'device: gpu'), { code: 'wrong-value', range: at(14, 8, 11) }],
    ['wrong kind', broken(9, '  - { name: p, mask: { kind: smt } }'), { code: 'wrong-value', range: at(9, 29, 32) }],
    ['a mapping for a word', broken(1, 'name:\n  a: b'), { code: 'wrong-value', range: at(2, 2, 6) }],
    ['a block for a word', broken(1, 'name:\n  a: b\n  c: d'), { code: 'wrong-value', range: at(1, 0, 4) }],
    ['missing key of a file', broken(1, ''), { code: 'missing-key', range: at(2, 0, 12) }],
    ['missing key of a mapping', broken(7, '    verifier: {}'), { code: 'missing-key', range: at(7, 4, 12) }],
    [
      'two arms of a name',
      broken(9, '  - name: plain\n  - { name: plain }'),
      { code: 'duplicate', range: at(10, 12, 17) },
    ],
    ['the name of the base', broken(9, '  - name: base'), { code: 'duplicate', range: at(9, 10, 14) }],
    ['a rate twice', broken(14, 'learningRates: [1, 1]'), { code: 'duplicate', range: at(14, 15, 21) }],
    ['a key twice', broken(2, 'model: model\nmodel: model'), { code: 'syntax', range: at(3, 0, 5) }],
    ['an open bracket', broken(14, 'seeds: [1'), { code: 'syntax', range: { start: { line: 13 } } }],
    [
      'a missing verifier',
      broken(9, '  - { name: own, preset: self-output }').replace(/ {4}verifier.*\n/, ''),
      { code: 'incomplete', range: at(4, 4, 15) },
    ],
    [
      'a preset that needs a file',
      broken(9, '  - { name: r, preset: replay }'),
      { code: 'incomplete', range: at(9, 23, 29) },
    ],
  ];
  for (const [what, text, expected] of cases) {
    test(what, async () => {
      expect((await diagnose(text))[0]).toMatchObject(expected);
    });
  }
});

test('characters beyond the first plane and CRLF do not shift columns', async () => {
  const text = broken(9, '  - { name: "😀 遺忘", preset: stmm }').replaceAll('\n', '\r\n');
  const [problem] = await diagnose(text);
  expect(problem?.shown).toBe('stmm');
  expect(problem?.range.start).toEqual({ line: 8, character: 29 });
});

test('JSON has the same ranges', async () => {
  const text = '{\n  "name": "a",\n  "model": "gone",\n  "arms": [{ "name": "x", "prest": "sft" }]\n}\n';
  const problems = await diagnose(text, 'x.experiment.json');
  expect(problems.map(({ code, shown: words }) => [code, words])).toEqual([
    ['missing-key', '{'],
    ['missing-key', '{'],
    ['missing-file', '"gone"'],
    ['unknown-key', '"prest"'],
  ]);
  expect(problems[3]?.fix).toEqual({
    title: phrase('Rename to "{0}"', 'preset'),
    newText: '"preset"',
    range: problems[3]?.range,
  });
});

describe('fixes', () => {
  test('rename a key, keep the quotes of a value', async () => {
    const [, second] = await diagnose(broken(6, '    setps: 5'));
    expect(second?.fix).toEqual({
      title: phrase('Rename to "{0}"', 'steps'),
      newText: 'steps',
      range: at(6, 4, 9),
    });
    expect((await diagnose(broken(13, "    scorer: 'exakt'")))[0]?.fix?.newText).toBe("'exact'");
    expect((await diagnose(broken(14, 'device: "gpu"')))[0]?.fix?.newText).toBe('"cpu"');
  });

  test('never make a key that is there already', async () => {
    const [problem] = await diagnose(broken(6, '    steps: 5\n    setps: 5'));
    expect(problem).toMatchObject({ code: 'unknown-key' });
    expect(problem?.fix).toBeUndefined();
  });

  test('mend the file when they are applied', async () => {
    const text = broken(13, '    scorer: exakt\n    gruop: skill');
    let mended = text;
    for (const { fix } of (await diagnose(text)).reverse()) {
      if (!fix) throw new Error('no fix');
      const positions = textPositions(mended);
      mended =
        mended.slice(0, positions.offset(fix.range.start)) +
        fix.newText +
        mended.slice(positions.offset(fix.range.end));
    }
    expect(await diagnose(mended)).toEqual([]);
  });
});
