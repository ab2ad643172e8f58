// Conversations about what can be looked at, as files beside this one: runs, experiment files, datasets, comparisons, models.
// `npx vitest run test/server/goldenReading.test.ts -u` writes them anew after an intended change.
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { writeRun } from '../../src/server/runs/testing/writeRun.ts';
import * as datasets from '../../src/shared/protocol/lab/datasets.ts';
import * as views from '../../src/shared/protocol/lab/datasetView.ts';
import * as experiments from '../../src/shared/protocol/lab/experiments.ts';
import { scoreFlips } from '../../src/shared/protocol/lab/flipTokens.ts';
import { listModels } from '../../src/shared/protocol/lab/models.ts';
import * as runs from '../../src/shared/protocol/lab/runs.ts';
import { checkMerge } from '../../src/shared/protocol/lab/sessions.ts';
import * as targetDiff from '../../src/shared/protocol/lab/targetDiff.ts';
import { greeted, type RawClient } from './rawClient.ts';
import { experiment, testWorkspace, until, type TestWorkspace } from './testWorkspace.ts';
import { spoken } from './transcript.ts';

const model = { name: 'pocket', device: 'cpu', threads: 1 } as const;

async function expectSaid(client: RawClient, workspace: TestWorkspace, name: string): Promise<void> {
  await expect(`${spoken(client, workspace).join('\n')}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
}

/** Asks again without writing it down, until an answer is complete; then once more, written down. */
async function askWhen<Params, Result>(
  client: RawClient,
  spec: { method: string },
  params: Params,
  complete: (result: Result) => boolean,
): Promise<void> {
  const before = client.transcript.length;
  await until(`${spec.method} is complete`, async () => {
    const { result } = await client.ask(spec, params);
    return result !== undefined && complete(result as Result);
  });
  client.transcript.splice(before);
  await client.ask(spec, params);
}

test('runs: list, heatmap, flips, curves, export, comparison', async () => {
  const workspace = await testWorkspace();
  const [one, other] = [workspace.file('runs/one'), workspace.file('runs/other')];
  await writeRun(one, { createdAt: '2026-01-02T03:04:05.000Z' });
  await writeRun(other, { createdAt: '2026-01-03T03:04:05.000Z', learningRates: [1e-4] });
  await writeFile(workspace.file('runs/other/cells.jsonl'), 'not a record\n', { flag: 'a' });
  const client = await greeted(workspace);
  await askWhen(client, runs.listExperiments, { read: true }, (all: runs.ExperimentSummary[]) =>
    all.flatMap((each) => each.runs).every(({ trials }) => trials.length > 0),
  );
  await client.ask(runs.getRun, { run: one });
  await askWhen(client, runs.getHeatmap, { run: one }, ({ pending }: runs.HeatmapData) => !pending);
  const trial = { arm: 'ground truth', lr: 3e-4, seed: 0 };
  const cell = { run: one, ...trial, stage: 1, benchmark: 'addition' };
  await client.ask(runs.getFlips, { ...cell, limit: 2 });
  await client.ask(runs.getFlips, { ...cell, stage: 2, against: 1, limit: 2 });
  await client.ask(runs.getFlips, { ...cell, benchmark: 'absent' });
  await client.ask(scoreFlips, { ...cell, under: 'checkpoint', items: [40] });
  await client.ask(runs.getCurves, { run: one });
  await client.ask(runs.getTargets, { run: one });
  await client.ask(runs.exportRun, { run: one, what: 'matrix-csv' });
  await client.ask(runs.exportRun, { run: one, what: 'matrix-markdown' });
  await client.ask(runs.compareRuns, { runs: [one, other] });
  await client.ask(runs.getRun, { run: workspace.file('runs/none') });
  await client.ask(runs.getHeatmap, { run: workspace.folder });
  await expectSaid(client, workspace, 'runs');
});

test('experiment files: problems, completion, hover, outline, a new one', async () => {
  const workspace = await testWorkspace();
  const client = await greeted(workspace);
  const path = workspace.file('short.experiment.yaml');
  const text = [
    'name: small',
    'model: pocket',
    'steges: []',
    'arms:',
    '  - preset: selfoutput',
    '    lerningRates: [1e-3]',
    '',
  ];
  await client.ask(experiments.validateExperiment, { path, text: text.join('\n') });
  await client.ask(experiments.validateExperiment, { path, text: 'name: [small\n' });
  await client.ask(experiments.validateExperiment, { path, text: JSON.stringify(experiment(4)) });
  await client.ask(experiments.completeExperiment, {
    path,
    text: 'name: small\narms:\n  - preset: se',
    position: { line: 2, character: 14 },
  });
  await client.ask(experiments.hoverExperiment, { path, text: 'name: small\n', position: { line: 0, character: 1 } });
  await client.ask(experiments.hoverExperiment, { path, text: '# x\n', position: { line: 0, character: 1 } });
  await client.ask(experiments.outlineExperiment, { path, text: JSON.stringify(experiment(4)) });
  await client.ask(experiments.experimentMaterial, {});
  await client.ask(experiments.composeExperiment, {
    path: workspace.file('new.experiment.yaml'),
    choices: {
      name: 'new',
      model: 'pocket',
      tasks: [{ file: workspace.file('train.jsonl'), name: 'notes', rows: 10, rowsEstimated: false }],
      arms: ['sft'],
      benchmarks: [{ file: workspace.file('words.jsonl'), name: 'words', scorer: 'contains', group: 'skill' }],
      device: 'cpu',
    },
  });
  await client.ask(experiments.rerunExperiment, { run: workspace.folder });
  await expectSaid(client, workspace, 'experiments');
});

test('a dataset in the editor: rows, perplexities, a hover, an edit, row actions', async () => {
  const workspace = await testWorkspace();
  const client = await greeted(workspace);
  const path = workspace.file('notes.jsonl');
  const uri = pathToFileURL(path).href;
  const document = { uri, version: 1 };
  const text = [
    '{"prompt":"5 - 3?","completion":"# 5 ; 3 # 2","answer":"2"}',
    '{"prompt":"7 - 3?","completion":"7 - 3 = 4.","mask":[[0,1]],"answer":"4"}',
    '{"prompt":"no answer","completion":""}',
    'not a row',
  ].join('\n');
  await client.ask(datasets.openDataset, { ...document, path, text });
  const everything = { start: { line: 0, character: 0 }, end: { line: 3, character: 0 } };
  await client.ask(datasets.getDatasetRows, { ...document, range: everything });
  await client.ask(datasets.summariseDataset, document);
  await askWhen(
    client,
    datasets.scoreDatasetRows,
    { ...document, from: 0, to: 3, model, marks: true },
    (all: datasets.DatasetRows) =>
      all.rows.length === 4 && all.rows.every(({ state }) => state === 'scored' || state === 'bad'),
  );
  await client.ask(datasets.explainDatasetRow, { ...document, position: { line: 0, character: 33 }, model });
  await askWhen(
    client,
    datasets.scoreDataset,
    { ...document, model },
    ({ scores }: datasets.DatasetSummary) => scores?.done === true,
  );
  const firstRow = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
  for (const action of ['self-output', 'mask-hard', 'ground-truth'] as const) {
    await client.ask(datasets.rewriteDatasetRows, { ...document, range: firstRow, action, model });
  }
  await client.ask(datasets.rewriteDatasetRows, { uri, version: 7, range: firstRow, action: 'mask-hard', model });
  await client.ask(datasets.scoreDatasetRows, { ...document, from: 0, to: 1, model: { name: 'nowhere' } });
  await client.ask(datasets.explainDatasetRow, {
    ...document,
    position: { line: 0, character: 0 },
    model: { name: 'nowhere' },
  });
  await askWhen(
    client,
    datasets.listDatasets,
    {},
    (all: datasets.DatasetFile[]) => all.length > 0 && all.every(({ rows }) => rows !== undefined),
  );
  await expectSaid(client, workspace, 'dataset');
});

test('a dataset as a list of rows', async () => {
  const workspace = await testWorkspace();
  const client = await greeted(workspace);
  const { id } = await client.get(views.openDatasetView, { file: workspace.file('train.jsonl') });
  await client.ask(views.getDatasetViewRows, { id, from: 0, count: 2, characters: 30 });
  await client.ask(views.searchDatasetView, { id, text: 'note 7', from: 0 });
  await client.ask(views.searchDatasetView, { id, text: 'absent', from: 0 });
  await client.ask(views.scoreDatasetViewRows, { id, model, rows: [0, 99] });
  await client.ask(views.explainDatasetViewRow, { id, model, row: 1 });
  await client.ask(views.closeDatasetView, { id });
  await client.ask(views.getDatasetViewRows, { id, from: 0, count: 1, characters: 30 });
  await client.ask(views.openDatasetView, { file: workspace.file('absent.jsonl') });
  await expectSaid(client, workspace, 'datasetView');
});

test('targets beside each other: sources, scores, verdicts, filters, what is written', async () => {
  const workspace = await testWorkspace();
  const dataset = workspace.file('subtraction.jsonl');
  const rows = [5, 6, 7].map((n) => ({
    prompt: `${n} - 3?`,
    completion: `# ${n} ; 3 # ${n - 3}`,
    native: n === 6 ? 'That makes 5.' : `That makes ${n - 3}.`,
    answer: String(n - 3),
  }));
  await writeFile(dataset, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const client = await greeted(workspace);
  await client.ask(targetDiff.findTargetSources, { dataset });
  const sources = [{ kind: 'dataset' }, { kind: 'column', column: 'native' }] as const;
  const verifier = { scorer: 'last_number', field: 'answer' };
  const { id } = await client.get(targetDiff.openComparison, { dataset, sources: [...sources], verifier });
  type State = targetDiff.ComparisonState;
  await askWhen(client, targetDiff.getComparison, { id }, ({ state, judging }: State) => state === 'ready' && !judging);
  await client.ask(targetDiff.scoreComparison, { id, model });
  await askWhen(client, targetDiff.getComparison, { id }, ({ scoring }: State) => scoring?.state === 'done');
  const filter = { verdict: 'any', gap: 1, text: '', differing: false } as const;
  const view = { id, left: 0, right: 1, sort: 'gap' } as const;
  const arranged = await client.get(targetDiff.arrangeComparison, { ...view, filter });
  await client.ask(targetDiff.getComparisonRows, { id, view: arranged.view, from: 0, count: 1, characters: 200 });
  await client.ask(targetDiff.arrangeComparison, { ...view, filter: { ...filter, verdict: 'left' } });
  await client.ask(targetDiff.chooseTargets, { id, rule: { kind: 'prefer', source: 1, otherwise: 'drop' } });
  await client.ask(targetDiff.chooseTargets, { id, row: { row: 0, source: 0 } });
  const file = workspace.file('chosen.jsonl');
  await client.ask(targetDiff.writeChosenTargets, { id, file, overwrite: false });
  await client.ask(targetDiff.writeChosenTargets, { id, file, overwrite: false });
  await client.ask(targetDiff.judgeComparison, { id });
  await client.ask(targetDiff.closeComparison, { id });
  await client.ask(targetDiff.getComparison, { id });
  await expectSaid(client, workspace, 'targetDiff');
});

test('models', async () => {
  const workspace = await testWorkspace();
  const client = await greeted(workspace);
  await client.ask(listModels, {});
  await client.ask(listModels, { folders: [workspace.file('absent')] });
  await client.ask(checkMerge, { base: 'pocket', tuned: 'pocket' });
  await client.ask(checkMerge, { base: 'pocket', tuned: workspace.file('absent') });
  await expectSaid(client, workspace, 'models');
});

test('every request of the protocol stands in a conversation', () => {
  const textsIn = (folder: string): string =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('\n');
  const protocol = textsIn(new URL('../../src/shared/protocol/lab', import.meta.url).pathname);
  const methods = [...protocol.matchAll(/= request<[^]*?>\(\s*'(\w+\/\w+)'/g)].map(([, method]) => method as string);
  const said = textsIn(new URL('golden', import.meta.url).pathname);
  const missing = methods.filter((method) => !said.includes(`--> {"method":"${method}"`));
  expect(methods.length).toBeGreaterThan(35);
  // The checks of the doctor are of the machine; an end is not written down: other tests ask for both.
  expect(missing.sort()).toEqual(['doctor/run', 'lab/shutdown']);
});
