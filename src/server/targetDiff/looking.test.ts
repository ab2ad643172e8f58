// Scores of what is on the screen: a page does not wait for a slow model, and what comes later is kept and told.
import { describe, expect, it } from 'vitest';
import type { Example } from '../../shared/dataset.ts';
import { inEnglish } from '../../shared/phrase.ts';
import type { Comparison } from './comparison.ts';
import { ComparisonScoring } from './scoreAll.ts';
import type { OpenScorer, Scoring, ScoringOptions, ScoreResult } from './scoring.ts';
import { SourceTable } from './sourceTable.ts';

const rows = 8;
const example = (row: number): Example => ({
  body: { kind: 'plain', prompt: `${row}`, completion: 'x' },
  provenance: 'ground_truth',
  source: { file: 'a.jsonl', line: row + 1 },
  fields: {},
});

interface Call extends ScoringOptions {
  examples: readonly Example[];
  end: (results: ScoreResult[]) => void;
  fail: (error: Error) => void;
}

/** A comparison whose model answers when the test says so. */
async function slowModel() {
  const table = new SourceTable({ kind: 'dataset' }, '', 'a.jsonl');
  for (let row = 0; row < rows; row++) {
    const place = { place: { offset: row, length: 1 }, line: row + 1 };
    table.add(row, { place, provenance: 'ground_truth', hash: row });
  }
  let changes = 0;
  const comparison = {
    tables: [table],
    rows,
    signal: new AbortController().signal,
    askedAt: performance.now(),
    scoring: undefined,
    changed: () => changes++,
    example: (_: SourceTable, row: number) => Promise.resolve(example(row)),
  } as unknown as Comparison;
  const calls: Call[] = [];
  const scorer = {
    known: () => undefined,
    score: (examples: readonly Example[], options: ScoringOptions) =>
      new Promise<ScoreResult[]>((end, fail) => {
        options.signal.addEventListener('abort', () => fail(new DOMException('gone', 'AbortError')));
        calls.push({ ...options, examples, end, fail });
      }),
  } as unknown as OpenScorer;
  const scoring: Scoring = { model: () => Promise.resolve(scorer) };
  const scores = new ComparisonScoring(comparison, scoring);
  scores.start({ name: 'slow' });
  await expect.poll(() => calls.length).toBe(1);
  const look = (row: number) => scores.look([{ table, row, example: example(row) }]);
  const result: ScoreResult = { kind: 'scored', logprobs: [-1] };
  return { table, comparison, calls, scores, scorer, look, result, changes: () => changes };
}

describe('what is on the screen', () => {
  it('is answered at once, and told when its scores have come', async () => {
    const { table, calls, look, result, changes, scorer } = await slowModel();
    const begun = performance.now();
    expect(await look(3)).toBe(scorer);
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(calls.at(-1)?.urgent).toBe(true);
    expect(table.perplexity(3)).toBeUndefined();
    const before = changes();
    calls.at(-1)?.onResult?.(0, result);
    expect(table.perplexity(3)).toBeCloseTo(Math.E, 5);
    expect(changes()).toBeGreaterThan(before);
  });

  it('ends what has left the screen', async () => {
    const { calls, look } = await slowModel();
    for (let row = 0; row < 5; row++) await look(row);
    expect(calls.slice(1).map(({ signal }) => signal.aborted)).toEqual([true, true, false, false, false]);
  });

  it('is not mixed with the numbers of the model before', async () => {
    const { calls, look, scores } = await slowModel();
    await look(2);
    const old = calls.at(-1);
    scores.start({ name: 'other' });
    expect(old?.signal.aborted).toBe(true);
    expect(await look(2)).toBeUndefined();
  });

  it('says why there are no scores', async () => {
    const { calls, look, comparison } = await slowModel();
    const looking = look(1);
    calls.at(-1)?.fail(new Error('the engine process ended'));
    await looking;
    expect(comparison.scoring?.state).toBe('failed');
    expect(inEnglish(comparison.scoring?.failure?.message ?? '')).toBe('the engine process ended');
  });
});
