// Perplexity and tokens of rows that a dataset view shows.
import type { OpenedModel, ScoringService } from '../datasets/scoringService.ts';
import { alignAnswer } from '../../data/alignAnswer.ts';
import { itemPerplexity } from '../../metrics/perplexity.ts';
import { allMasked } from '../../recipes/scoreRows.ts';
import { answerOf } from '../../recipes/targets/recipe.ts';
import type { Example } from '../../shared/dataset.ts';
import type { Words } from '../../shared/phrase.ts';
import type { DatasetViewScore } from '../../shared/protocol/lab/datasetView.ts';
import type { ScoringModel } from '../../shared/protocol/lab/datasets.ts';
import { maskedTokens, maskOf } from '../targetDiff/masks.ts';
import { createScoring, notScored } from '../targetDiff/scoring.ts';
import { toTokens } from '../targetDiff/tokens.ts';
import type { DatasetFile, ReadExample } from './datasetFile.ts';

/** Rows of one request at most, and the hardest tokens told of a row that is asked for alone. */
const mostRows = 100;
const hardestTold = 5;
const alternativesTold = 3;

export async function scoreViewRows(
  view: DatasetFile,
  service: ScoringService,
  choice: ScoringModel,
  wanted: readonly number[],
  signal: AbortSignal,
): Promise<DatasetViewScore[]> {
  const scorer = await createScoring(service).model(choice);
  const rows: { row: number; read: ReadExample | { problem: Words } }[] = [];
  for (const row of wanted.slice(0, mostRows)) rows.push({ row, read: await view.example(row) });
  const examples = rows.flatMap(({ read }) => ('problem' in read ? [] : [read.example]));
  const results = await scorer.score(examples, { urgent: true, signal });
  const tokens = await scorer.tokens(examples, results);
  let next = 0;
  return rows.map(({ row, read }): DatasetViewScore => {
    if ('problem' in read) return { row, problem: read.problem };
    const result = tokens[next++];
    if (result?.kind !== 'scored') return { row, problem: result?.reason ?? notScored };
    const { example, answerPlaces } = read;
    const masked = maskedTokens(result, maskOf(example), undefined);
    const trained = result.logprobs.filter((_, index) => !masked[index]);
    const answer = answerOf(example);
    // Where the template writes something else altogether, that is what was scored.
    const aligned = alignAnswer(answer, result.text) !== undefined;
    const shown = { answer: aligned ? answer : result.text, length: Infinity };
    return {
      row,
      answer: shown.answer,
      tokens: toTokens(result, shown, masked),
      ...(aligned && answerPlaces ? { answerPlaces } : {}),
      ...(trained.length > 0 ? { ppl: itemPerplexity(trained) } : { problem: allMasked }),
    };
  });
}

/** The hardest trained-on tokens of one row with what the model would rather have written. */
export async function explainViewRow(
  view: DatasetFile,
  service: ScoringService,
  choice: ScoringModel,
  row: number,
  signal: AbortSignal,
): Promise<DatasetViewScore> {
  const [score] = await scoreViewRows(view, service, choice, [row], signal);
  const read = await view.example(row);
  if (!score?.tokens || 'problem' in read) return score ?? { row };
  const hardest = score.tokens
    .map(({ logprob, trained }, index) => ({ logprob, trained, index }))
    .filter(({ trained }) => trained)
    .sort((a, b) => a.logprob - b.logprob)
    .slice(0, hardestTold);
  const alternatives = await topTokens(service, await service.model(choice), read.example, signal);
  return { ...score, hardest: hardest.map(({ index }) => ({ index, alternatives: alternatives[index] ?? [] })) };
}

async function topTokens(
  service: ScoringService,
  model: OpenedModel,
  example: Example,
  signal: AbortSignal,
): Promise<{ text: string; logprob: number }[][]> {
  const part = await model.texts.encodeRow(example);
  if (!('tokens' in part)) return [];
  const [score] = await service.withEngine(model, ({ engine, info }) =>
    engine.score({ model: info.id, sequences: [part.tokens], from: [part.from], topK: alternativesTold }, { signal }),
  );
  const texts = await model.texts.tokenTexts((score?.topIds ?? []).flat());
  return (score?.topIds ?? []).map((ids, position) =>
    ids.map((id, k) => ({
      text: texts.get(id) ?? '',
      logprob: score?.topLogprobs?.[position]?.[k] ?? -Infinity,
    })),
  );
}
