// Who is told of scores, with a service that only answers the background.
import { expect, it, vi } from 'vitest';
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

it('an editor that waits for rows is told when the background has found their scores, and only then', async () => {
  const onScored = vi.fn();
  const ignore = (): undefined => undefined;
  const document = new DatasetDocument(
    { uri, path: `/${uri}`, version: 1 },
    { onChange: ignore, onRead: ignore, onLost: ignore },
  );
  await document.open({ uri, path: `/${uri}`, version: 1, text: rowsOf('abcdef') });
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
