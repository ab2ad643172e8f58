// Workspaces for tests in the workbench: a copy of the example with experiments small enough to wait for.
import { copyFileSync, cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './codeServer.ts';
import { removeFolder } from './removeFolder.ts';

const benchmarks = (limit: number): string =>
  [
    `  - { name: subtraction, data: benchmarks/subtraction.jsonl, scorer: last_number, group: target, maxTokens: 40, limit: ${limit} }`,
    `  - { name: arithmetic, data: benchmarks/arithmetic.jsonl, scorer: last_number, group: skill, maxTokens: 40, limit: ${limit} }`,
    `  - { name: sorting, data: benchmarks/sorting.jsonl, scorer: sequence, group: skill, maxTokens: 32, limit: ${limit} }`,
    `  - { name: refusal, data: benchmarks/refusal.jsonl, scorer: refusal, group: safety, maxTokens: 32, limit: ${limit} }`,
  ].join('\n');

const experiment = (name: string, options: { arms: string; steps: number; limit: number }): string => `name: ${name}
model: pocket
learningRates: [1.3e-3]
training: { batchSize: 32, checkpointEvery: 10 }
stages:
  - name: subtraction
    dataset: data/subtraction.jsonl
    benchmark: subtraction
    steps: ${options.steps}
    limit: 200
    maxTokens: 40
    verifier: { scorer: last_number, field: answer }
arms:
${options.arms}
benchmarks:
${benchmarks(options.limit)}
`;

export interface Workspace {
  folder: string;
  remove(): Promise<void>;
}

/**
 * A copy of examples/pocket whose experiments are `quick` (two arms, some seconds) and `long` (one arm, minutes of
 * training, to be interrupted).
 */
export function makeWorkspace(): Workspace {
  const parent = mkdtempSync(path.join(os.tmpdir(), 'forgetting-lab-workspace-'));
  const folder = path.join(parent, 'pocket');
  const wanted = (file: string) => path.basename(file) !== 'runs' && !file.endsWith('.experiment.yaml');
  cpSync(path.join(root, 'examples/pocket'), folder, { recursive: true, filter: wanted });
  const twoArms =
    '  - { name: ground truth, preset: sft }\n  - { name: self-output, targets: { kind: self-output, samples: 2 } }';
  const oneArm = '  - { name: ground truth, preset: sft }';
  writeFileSync(
    path.join(folder, 'quick.experiment.yaml'),
    experiment('quick', { arms: twoArms, steps: 40, limit: 40 }),
  );
  writeFileSync(path.join(folder, 'long.experiment.yaml'), experiment('long', { arms: oneArm, steps: 400, limit: 8 }));
  return { folder, remove: () => removeFolder(parent) };
}

/**
 * Adds what the tests of single commands need: `data/small.jsonl` (12 rows), and the experiments `tiny` (one arm, a few
 * seconds), `gone` (its dataset is a file of its own, to be deleted) and `broken` (a missing dataset in line 7 and an
 * unknown scorer, each nearly right).
 */
export function addSmallFiles(folder: string): void {
  const data = path.join(folder, 'data');
  const rows = readFileSync(path.join(data, 'subtraction.jsonl'), 'utf8').split('\n');
  writeFileSync(path.join(data, 'small.jsonl'), `${rows.slice(0, 12).join('\n')}\n`);
  copyFileSync(path.join(data, 'small.jsonl'), path.join(data, 'gone.jsonl'));
  const arms = '  - { name: ground truth, preset: sft }';
  const write = (name: string, text: string): void => writeFileSync(path.join(folder, `${name}.experiment.yaml`), text);
  const tiny = (name: string): string => experiment(name, { arms, steps: 12, limit: 8 });
  write('tiny', tiny('tiny'));
  write('gone', tiny('gone').replace('data/subtraction.jsonl', 'data/gone.jsonl'));
  const broken = tiny('broken').replace('data/subtraction.jsonl', 'data/subtracton.jsonl');
  write('broken', broken.replace('scorer: sequence', 'scorer: sequnce'));
}
