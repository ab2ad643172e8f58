import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadTextSide } from '../../data/textSide.ts';
import { loadBenchmark } from '../../evals/benchmark.ts';
import { protocolHash } from '../../evals/evaluate.ts';
import { pocketModelFolder } from '../../runs/packageRoot.ts';
import { scoreFlips } from '../../shared/protocol/lab/flipTokens.ts';
import type { RunData } from '../../shared/records.ts';
import { memoryServer, temporaryFolder } from '../runs/testing/memoryServer.ts';
import { writeRun } from '../runs/testing/writeRun.ts';
import { targetDiffPart } from './targetDiffPart.ts';

/** A run of the pocket model with a benchmark whose file is there. */
async function made() {
  const workspace = await temporaryFolder('lab-flips-');
  const file = join(workspace, 'addition.jsonl');
  const line = (k: number): string => JSON.stringify({ prompt: `What is ${k} + 2?`, answer: String(k + 2) });
  await writeFile(file, Array.from({ length: 100 }, (_, k) => `${line(k)}\n`).join(''));
  const config = { name: 'addition', data: file, scorer: 'last_number' };
  const run = join(workspace, 'runs', 'one');
  const side = await loadTextSide(pocketModelFolder);
  const change = (protocol: string) => (data: RunData) => {
    const { experiment } = data.config;
    const benchmarks = experiment.benchmarks.map((one) => (one.name === 'addition' ? { ...one, ...config } : one));
    return {
      ...data,
      config: {
        ...data.config,
        model: { ...data.config.model, folder: pocketModelFolder },
        experiment: { ...experiment, benchmarks },
      },
      cells: data.cells.map((cell) => (cell.benchmark === 'addition' ? { ...cell, protocol } : cell)),
    };
  };
  const written = await writeRun(run, { change: change('') });
  const benchmark = written.config.experiment.benchmarks.find(({ name }) => name === 'addition')!;
  await writeRun(run, { change: change(protocolHash(side, await loadBenchmark(benchmark, workspace))) });
  const server = await memoryServer(targetDiffPart, workspace);
  const cell = { run, arm: 'ground truth', lr: 3e-4, seed: 0, stage: 1, benchmark: 'addition' };
  return { server, cell, file };
}

describe('tokens of flipped answers', { timeout: 60_000 }, () => {
  it('cover both answers under the base', async () => {
    const { server, cell } = await made();
    const [one, cut] = await server.call(scoreFlips, { ...cell, under: 'base', items: [41, 49] });
    // As the synthetic run writes them: right at the base, wrong after the first stage.
    const said = (tokens = one?.before, words = 'The answer is 41'): string =>
      (tokens ?? []).map(({ start, end }) => words.slice(start, end)).join('');
    expect(said()).toBe('The answer is 41');
    expect(said(one?.now, '# # -1')).toBe('# # -1');
    const loss = (tokens = one?.before): number =>
      (tokens ?? []).reduce((sum, { logprob }) => sum - logprob, 0) / (tokens ?? []).length;
    expect(loss(one?.now)).toBeGreaterThan(loss(one?.before) + 1);
    // Only an answer that ended by itself has an end.
    const ends = (tokens = one?.before): number => (tokens ?? []).filter(({ start, end }) => start === end).length;
    expect([ends(one?.before), ends(cut?.before)]).toEqual([1, 0]);
  });

  it('cover the answers after an earlier stage', async () => {
    const { server, cell } = await made();
    // 40 of 100 are right after the first stage, 20 after the second.
    const [one] = await server.call(scoreFlips, { ...cell, stage: 2, against: 1, under: 'base', items: [21] });
    // A trained model of the synthetic run writes so; the base would have begun with "The answer is".
    expect((one?.before ?? []).map(({ start, end }) => '# # 21'.slice(start, end)).join('')).toBe('# # 21');
    await expect(
      server.call(scoreFlips, { ...cell, stage: 2, against: 3, under: 'base', items: [21] }),
    ).rejects.toThrow(/has not been measured/);
  });

  it('say what is missing', async () => {
    const { server, cell, file } = await made();
    await expect(server.call(scoreFlips, { ...cell, under: 'checkpoint', items: [41] })).rejects.toThrow(
      /keeps no model of ground truth after stage 1/,
    );
    await expect(server.call(scoreFlips, { ...cell, benchmark: 'absent', under: 'base', items: [41] })).rejects.toThrow(
      /has not been measured/,
    );
    await writeFile(file, '{"prompt":"Another question","answer":"1"}\n');
    await expect(server.call(scoreFlips, { ...cell, under: 'base', items: [0] })).rejects.toThrow(/is no longer what/);
  });

  it('are not computed for somebody who has gone', async () => {
    const { server, cell } = await made();
    const abort = AbortSignal.abort();
    await expect(server.call(scoreFlips, { ...cell, under: 'base', items: [41] }, abort)).rejects.toThrow(/abort/i);
  });
});
