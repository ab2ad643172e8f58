import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LabError } from '../shared/errors.ts';
import { experimentJsonSchema } from '../shared/experiment.ts';
import { loadExperiment } from './loadExperiment.ts';
import { packageRoot, pocketModelFolder } from './packageRoot.ts';
import { fakeWorkspace } from './testing/fakeWorkspace.ts';

const valid = `name: lab
model: model
stages:
  - name: first
    dataset: first.jsonl
    steps: 5
    verifier: { scorer: contains }
arms:
  - name: plain
benchmarks:
  - name: skill
    data: skill.jsonl
    scorer: exact
`;

async function load(text: string, name = 'x.experiment.yaml') {
  const folder = await fakeWorkspace();
  await writeFile(join(folder, name), text);
  return { folder, ...(await loadExperiment(join(folder, name))) };
}

async function problems(text: string, name?: string): Promise<string[]> {
  const error: unknown = await load(text, name).catch((caught: unknown) => caught);
  if (!(error instanceof LabError)) throw new Error(`no LabError: ${String(error)}`);
  expect(error.code).toBe('experiment-invalid');
  return error.message.split('\n  ').slice(1);
}

describe('loadExperiment', () => {
  test('fills in defaults and makes paths absolute', async () => {
    const { folder, experiment, arms } = await load(valid);
    expect(experiment.model).toBe(join(folder, 'model'));
    expect(experiment.stages[0]?.dataset).toBe(join(folder, 'first.jsonl'));
    expect(experiment.training.batchSize).toBe(32);
    expect(arms[0]).toMatchObject({ name: 'plain', targets: { kind: 'ground-truth' }, learningRates: [3e-4] });
  });

  test('reads JSON as well', async () => {
    const text = await readFile(join(await fakeWorkspace(), 'lab.experiment.yaml'), 'utf8');
    expect((await load(text, 'x.json')).experiment.name).toBe('fake');
  });

  test('names unknown keys with the nearest valid one, at any depth', async () => {
    const text = valid
      .replace('first.jsonl', 'gone.jsonl')
      .replace('scorer: exact', 'scorer: exakt')
      .replace('- name: plain', '- { name: plain, preset: stmm }')
      .replace('steps: 5', 'steps: 5\n    benchmark: skil\n    setps: 3');
    expect(await problems(text)).toEqual([
      expect.stringMatching(/^x\.experiment\.yaml:5:14 no such file: .*gone\.jsonl$/),
      'x.experiment.yaml:7:16 unknown benchmark "skil"; did you mean "skill"?',
      expect.stringMatching(/^x\.experiment\.yaml:8:5 unknown key "setps"; did you mean "steps"\?/),
      expect.stringMatching(/^x\.experiment\.yaml:11:28 unknown preset "stmm"; did you mean "stm"\?/),
      expect.stringMatching(/^x\.experiment\.yaml:15:13 unknown scorer "exakt"; did you mean "exact"\?/),
    ]);
  });

  test('knows the keys of the kind that is meant', async () => {
    const text = valid.replace('- name: plain', '- { name: plain, mask: { kind: stm, tua: 3 } }');
    expect(await problems(text)).toEqual([
      'x.experiment.yaml:9:39 unknown key "tua"; did you mean "tau"? Keys here: kind, tau, protectEos',
    ]);
  });

  test('lists every problem at once, with line and column', async () => {
    const text = valid
      .replace('first.jsonl', 'gone.jsonl')
      .replace('scorer: exact', 'scorer: exakt')
      .replace('- name: plain', '- { name: plain, preset: stmm }')
      .replace('steps: 5', 'steps: 5\n    benchmark: skil\n    setps: 3');
    expect(await problems(text)).toEqual([
      expect.stringMatching(/^x\.experiment\.yaml:5:14 no such file: .*gone\.jsonl$/),
      'x.experiment.yaml:7:16 unknown benchmark "skil"; did you mean "skill"?',
      expect.stringMatching(/^x\.experiment\.yaml:8:5 unknown key "setps"; did you mean "steps"\?/),
      expect.stringMatching(/^x\.experiment\.yaml:11:28 unknown preset "stmm"; did you mean "stm"\?/),
      expect.stringMatching(/^x\.experiment\.yaml:15:13 unknown scorer "exakt"; did you mean "exact"\?/),
    ]);
  });

  test('says what a wrong value should be', async () => {
    const complaintOf = async (from: string, to: string): Promise<string | undefined> =>
      (await problems(valid.replace(from, to)))[0]?.replace(/^x\.experiment\.yaml:\d+:\d+ /, '');
    expect(await complaintOf('steps: 5', 'steps: many')).toBe('steps must be a number, not the text "many"');
    expect(await complaintOf('steps: 5', 'steps: -1')).toBe('steps must be at least 0, not -1');
    expect(await complaintOf('steps: 5', 'steps: 1.5')).toBe('steps must be a whole number, not 1.5');
    expect(await complaintOf('model: model', 'model: [a]')).toBe('model must be a text, not a list');
    expect(await complaintOf('model: model', 'model: model\nseeds: []')).toBe('seeds must have at least 1, not none');
    expect(await complaintOf('model: model', 'model: model\nseeds: [0, x]')).toBe(
      'item 2 of seeds must be a number, not the text "x"',
    );
    expect(await complaintOf('model: model', 'model: model\nforgettingBudget: 2')).toBe(
      'forgettingBudget must be at most 1, not 2',
    );
  });

  test('a choice of weights that leaves nothing to train is refused at its place', async () => {
    const arm = (trainable: string): Promise<string[]> =>
      problems(valid.replace('- name: plain', `- { name: plain, trainable: ${trainable} }`));
    expect(await arm('{ kind: freeze }')).toEqual([
      'x.experiment.yaml:9:31 freeze needs roles or layers: without them every weight stays as it is',
    ]);
    expect(await arm('{ kind: only, layers: [3, 1] }')).toEqual([
      expect.stringContaining('layers [3, 1] holds no layer') as string,
    ]);
  });

  test('one mistake does not hide another', async () => {
    const text = valid
      .replace('name: lab\n', '')
      .replace('first.jsonl', 'gone.jsonl')
      .replace('- name: plain', '- { name: plain, mask: { kind: smt } }')
      .replace('scorer: exact', 'scorer: exakt\n    group: skil');
    expect(await problems(text)).toEqual([
      'x.experiment.yaml:1:1 missing key "name": Names the runs and the experiment in every view.',
      expect.stringMatching(/^x\.experiment\.yaml:4:14 no such file: .*gone\.jsonl$/),
      'x.experiment.yaml:8:34 mask.kind "smt" is none of none, stm, random; did you mean "stm"?',
      expect.stringMatching(/^x\.experiment\.yaml:12:13 unknown scorer "exakt"/),
      'x.experiment.yaml:13:12 group "skil" is none of target, skill, safety, format; did you mean "skill"?',
    ]);
  });

  test('an empty file lacks everything that it must have', async () => {
    expect(await problems('')).toHaveLength(5);
  });

  test('an alias without an anchor is a syntax error at its place', async () => {
    const text = valid.replace('- name: plain', '- &plain { name: *x }\n  - *plain');
    expect((await problems(text))[0]).toMatch(/^x\.experiment\.yaml:9:20 Unresolved alias/);
    // What stands before the anchor does not see it.
    const early = valid.replace('name: lab', 'name: *x').replace('model: model', 'model: &x model');
    expect((await problems(early))[0]).toMatch(/^x\.experiment\.yaml:1:7 Unresolved alias/);
  });

  test('an item that has not been typed yet is shown by its dash', async () => {
    expect(await problems(valid.replace('- name: plain', '- name: plain\n  -'))).toEqual([
      'x.experiment.yaml:10:3 item 2 of arms must be a mapping, not nothing',
    ]);
    expect(await problems(valid.replace('- name: plain', '- # soon\n  - name: plain'))).toEqual([
      'x.experiment.yaml:9:3 item 1 of arms must be a mapping, not nothing',
    ]);
    expect(await problems(valid.replace('- name: plain', '- name: plain\n  - &next'))).toEqual([
      'x.experiment.yaml:10:5 item 2 of arms must be a mapping, not nothing',
    ]);
  });

  test('merge keys bring in the keys of another mapping, and their problems have a place', async () => {
    const merged = (arms: string): string => valid.replace('- name: plain', `- &plain { name: plain, ${arms}`);
    const { arms } = await load(merged('learningRates: [1, 2] }\n  - { <<: *plain, name: stm, preset: stm }'));
    expect(arms.map(({ name, learningRates, mask }) => [name, learningRates, mask.kind])).toEqual([
      ['plain', [1, 2], 'none'],
      ['stm', [1, 2], 'stm'],
    ]);
    // Once, however often it is merged.
    expect(await problems(merged('learningRates: [] }\n  - { <<: [*plain], name: stm }'))).toEqual([
      'x.experiment.yaml:9:42 learningRates must have at least 1, not none',
    ]);
    expect(await problems(merged('}\n  - { <<: 3, name: stm }'))).toEqual([
      'x.experiment.yaml:10:7 Merge sources must be maps or map aliases',
    ]);
  });

  test('refuses double names and the name of the base', async () => {
    const listed = await problems(valid.replace('- name: plain', '- name: base\n  - name: two\n  - name: two'));
    expect(listed).toHaveLength(2);
    expect(listed.join()).toMatch(/"base" is the name of the untouched model.*"two" is used twice/s);
  });

  test('a mapping as key is a problem of the file, and nothing is written to the terminal', async () => {
    const warned = vi.spyOn(process, 'emitWarning');
    onTestFinished(() => warned.mockRestore());
    expect(await problems(valid.replace('name: lab', 'name: {{x}}'))).toEqual([
      expect.stringMatching(/^x\.experiment\.yaml:1:7 name must be a text/),
    ]);
    expect(warned).not.toHaveBeenCalled();
  });

  test('a second document is refused', async () => {
    expect(await problems(`${valid}---\nname: other\n`)).toEqual([expect.stringMatching(/:14:1 .*multiple documents/)]);
  });

  test('a syntax error has its place', async () => {
    expect((await problems('name: [1, 2\nmodel: x'))[0]).toMatch(/^x\.experiment\.yaml:\d+:\d+ /);
  });

  test('an arm keeps what its preset says and it does not change', async () => {
    const arm = '- { name: plain, preset: self-output, targets: { kind: self-output, samples: 4 } }';
    const { arms } = await load(valid.replace('- name: plain', arm));
    expect(arms[0]?.targets).toMatchObject({ kind: 'self-output', samples: 4, temperature: 0.7, fallback: 'drop' });
  });

  test('replay needs its old examples, self-output its verifier', async () => {
    expect((await problems(valid.replace('- name: plain', '- { name: r, preset: replay-lamol-20 }')))[0]).toMatch(
      /needs mix: \{ kind: replay, dataset: FILE \}/,
    );
    const replay = '- { name: r, preset: replay-lamol-20, mix: { kind: replay, dataset: old.jsonl } }';
    const { arms, folder } = await load(valid.replace('- name: plain', replay));
    expect(arms[0]?.mix).toEqual({ kind: 'replay', rate: 0.2, dataset: join(folder, 'old.jsonl') });
    const own = valid.replace('- name: plain', '- { name: s, preset: self-output }').replace(/ {4}verifier.*\n/, '');
    expect((await problems(own))[0]).toMatch(/stage "first" needs a verifier/);
    // Raw text has nothing to verify.
    await load(own.replace('first.jsonl', 'neutral.jsonl'));
  });

  test('`pocket` is the bundled model', async () => {
    const outcome = await load(valid.replace('model: model', 'model: pocket')).catch((error: unknown) => error);
    if (outcome instanceof LabError) expect(outcome.message).toContain(pocketModelFolder);
    else expect(outcome).toMatchObject({ experiment: { model: pocketModelFolder } });
  });

  test('a name that is nearly that of a file beside it is told', async () => {
    expect(await problems(valid.replace('first.jsonl', './frst.jsonl'))).toEqual([
      expect.stringMatching(/5:14 no such file: .*frst\.jsonl; did you mean "\.\/first\.jsonl"\?$/),
    ]);
    const [model] = await problems(valid.replace('model: model', 'model: pockt'));
    expect(model).toMatch(/2:8 no such folder: .*pockt; did you mean "pocket"\?$/);
  });

  test('a missing file is named', async () => {
    await expect(loadExperiment('/nowhere/x.yaml')).rejects.toThrow(/\/nowhere\/x\.yaml/);
  });
});

test('the published schema is the one the reader checks against', async () => {
  const published: unknown = JSON.parse(await readFile(join(packageRoot, 'schemas', 'experiment.schema.json'), 'utf8'));
  // When this fails: node scripts/writeSchema.mjs
  expect(published).toEqual(JSON.parse(JSON.stringify(experimentJsonSchema())));
});
