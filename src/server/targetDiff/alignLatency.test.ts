// Aligning long files in slices: whoever asks the server in the meantime is answered.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { slices } from '../../lab/slices.ts';
import { alignSources } from './align.ts';
import { SourceTable } from './sourceTable.ts';
import { slack } from '../../shared/testing/slack.ts';

const rows = 100_000;
/** Shared machines of a build service compute several times slower than a person's. */
const mostMs = 50 * slack;

/** Two files over the same prompts; the second in the reversed order, so that every row waits for its partner. */
async function files(): Promise<{ truth: string; own: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'target-latency-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [truth, own] = [join(folder, 'truth.jsonl'), join(folder, 'own.jsonl')];
  const row = (n: number, answer: string): string =>
    `${JSON.stringify({ prompt: `Question ${n} ${'x'.repeat(200)}`, completion: `${answer} ${n} ${'y'.repeat(200)}` })}\n`;
  const numbers = Array.from({ length: rows }, (_, n) => n);
  await writeFile(truth, numbers.map((n) => row(n, 'The answer is')).join(''));
  await writeFile(own, numbers.map((n) => row(rows - 1 - n, 'It is')).join(''));
  return { truth, own };
}

/**
 * Longest time in which a timer that is always due did not get its turn. Only time in which this process computed counts:
 * on a machine that does other things as well, it may have to wait itself.
 */
function watchTurns(): { stop: () => number } {
  let longest = 0;
  let last = performance.now();
  let used = process.cpuUsage();
  const turn = (): void => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(used);
    longest = Math.max(longest, Math.min(now - last, (user + system) / 1000));
    used = process.cpuUsage();
    last = now;
  };
  const timer = setInterval(turn, 1);
  return {
    stop: () => {
      clearInterval(timer);
      turn();
      return longest;
    },
  };
}

test('others get their turn while 100,000 rows are aligned', { timeout: 120_000 }, async () => {
  const { truth, own } = await files();
  const tables = [
    new SourceTable({ kind: 'dataset' }, '', truth),
    new SourceTable({ kind: 'file', file: own }, '', own),
  ];
  const begun = performance.now();
  const turns = watchTurns();
  await alignSources(tables, { pause: slices(), onRows: () => undefined, signal: new AbortController().signal });
  const longest = turns.stop();
  console.log(
    `aligned ${rows} rows in ${Math.round(performance.now() - begun)} ms, longest wait ${Math.round(longest)} ms`,
  );
  expect(tables.map(({ items }) => items)).toEqual([rows, rows]);
  expect(longest).toBeLessThan(mostMs);
});
