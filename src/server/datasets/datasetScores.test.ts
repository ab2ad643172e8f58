// Who is told of scores, and what becomes of rows that are edited away while they are scored.
import { describe, expect, it, vi } from 'vitest';
import { DatasetDocument } from './datasetDocument.ts';
import { DatasetScores } from './datasetScores.ts';
import { contentKey, type OpenedModel, type ScoringService, type KnownScore } from './scoringService.ts';

const uri = 'rows.jsonl';
const rowsOf = (names: string): string =>
  [...names].map((name) => JSON.stringify({ text: `${name}${name}` })).join('\n');

/** Visible rows are given up at once. */
function backgroundOnly(): ScoringService {
  const scores = new Map<string, KnownScore>();
  return {
    model: async () => ({ hash: 'h', stamp: 's', choice: { name: 'm' } }) as OpenedModel,
    known: (_, key) => scores.get(key),
    score: async (_, examples, { priority }) => {
      if (priority !== 'background') throw new DOMException('The rows are no longer wanted', 'AbortError');
      return examples.map((example) => {
        const score = { logprobs: [-1] };
        scores.set(contentKey(example), score);
        return score;
      });
    },
  } as Pick<ScoringService, 'model' | 'known' | 'score'> as ScoringService;
}

const ignore = (): undefined => undefined;

async function documentOf(text: string): Promise<DatasetDocument> {
  const listener = { onChange: ignore, onRead: ignore, onLost: ignore };
  const document = new DatasetDocument({ uri, path: `/${uri}`, version: 1 }, listener);
  await document.open({ uri, path: `/${uri}`, version: 1, text });
  return document;
}

it('an editor that waits for rows is told when the background has found their scores, and only then', async () => {
  const onScored = vi.fn();
  const document = await documentOf(rowsOf('abcdef'));
  const scores = new DatasetScores(document, backgroundOnly(), { onScored, onSummary: ignore });
  const { rows } = await scores.rows({ uri, version: 1, from: 2, to: 3, model: { name: 'm' } });
  expect(rows.map(({ state }) => state)).toEqual(['pending', 'pending']);
  expect(onScored).not.toHaveBeenCalled();
  scores.summarise({ name: 'm' });
  await scores.settled();
  expect(onScored.mock.calls).toEqual([
    ['m', 2, 2],
    ['m', 3, 3],
  ]);
  document.close();
  scores.close();
});

describe('rows that are edited away while they are asked about', () => {
  const masked = (name: string): string => JSON.stringify({ prompt: name, completion: name, mask: [[0, 1]] });
  const text = [...'abcdef'].map(masked).join('\n');

  /** Scores of which every part comes at once, and at one moment an edit that leaves a single row. */
  async function scoresOf(moment: 'model' | 'score' | 'encode') {
    const document = await documentOf(text);
    const reach = (reached: typeof moment): void => {
      if (reached !== moment || document.version > 1) return;
      const { length } = masked('a');
      const range = { start: { line: 0, character: length }, end: { line: 5, character: length } };
      document.change({ uri, version: 2, changes: [{ range, text: '' }], lineCount: 1 });
    };
    const encodeRow = async () => {
      reach('encode');
      return { reason: 'no-token' };
    };
    const model = { hash: 'h', stamp: 's', choice: { name: 'm' }, texts: { encodeRow } } as unknown as OpenedModel;
    const service = {
      model: async () => {
        reach('model');
        return model;
      },
      known: () => ({ logprobs: [-1] }),
      score: async () => {
        reach('score');
        return [{ logprobs: [-1] }];
      },
    } as unknown as ScoringService;
    return { document, scores: new DatasetScores(document, service, { onScored: ignore, onSummary: ignore }) };
  }

  it.each(['model', 'score', 'encode'] as const)('have no answer, and fail nothing: %s', async (moment) => {
    const { document, scores } = await scoresOf(moment);
    expect(await scores.row(5, { name: 'm' }, AbortSignal.any([]))).toBeUndefined();
    expect(document.version).toBe(2);
  });

  it('are left out of the rows on show', async () => {
    const { document, scores } = await scoresOf('encode');
    expect(await scores.rows({ uri, version: 1, from: 5, to: 5, model: { name: 'm' }, marks: true })).toEqual({
      version: 1,
      rows: [],
    });
    expect(document.version).toBe(2);
  });
});
