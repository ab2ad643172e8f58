// Workspaces for tests in the workbench: a copy of the example with experiments small enough to wait for.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './codeServer.ts';

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
  remove(): void;
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
  return { folder, remove: () => rmSync(parent, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }) };
}
