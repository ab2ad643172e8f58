// Rows of a document with what is known of them under a model.
import { maskTargets } from '../../recipes/mask.ts';
import { noToken, ownMask, tooLong, type ScorablePart } from '../../recipes/scoreRows.ts';
import type { Example } from '../../shared/dataset.ts';
import type { DatasetRow, HardToken, RowDetails } from '../../shared/protocol/lab/datasets.ts';
import type { TextPosition, TextRange } from '../../shared/protocol/lab/experiments.ts';
import { perplexityOf, positionsIn, rangeOf, rowScore, tokenMarks } from './rowNumbers.ts';
import { readRow, type RowInfo, type RowScore, type Unusable, type UsableRow } from './rowInfo.ts';
import { mapRow, tokenSpans, type RawSpan, type RowStrings } from './rowMap.ts';
import type { RowPlace, RowTable } from './rowTable.ts';
import type { KnownScore, OpenedModel, ScoringService } from './scoringService.ts';

/** Perplexity above which selective token masking leaves a token out (arXiv 2501.14315). */
export const stmTau = 2.5;

/** Tokens of a hover, and alternatives to each. */
const hardTokens = 5;
const alternativesShown = 3;

/** A row as read, without a model. */
export function plainRow(table: RowTable, index: number): DatasetRow {
  const { start, end, number } = table.place(index);
  const info = table.info(index);
  const row: DatasetRow = {
    line: start.line,
    endLine: end.line,
    character: start.character,
    number,
    state: info.kind === 'bad' ? 'bad' : 'unscored',
  };
  if (info.kind === 'bad') return { ...row, reason: info.reason };
  if (info.kind === 'row') {
    row.provenance = info.provenance;
    if (info.hasGroundTruth) row.hasGroundTruth = true;
  }
  return row;
}

/** The example of a usable row, read again from its text. */
export function exampleAt(table: RowTable, index: number, file: string): Example | undefined {
  const read = readRow(table.textOf(index), table.format, { file, number: table.place(index).number });
  return 'example' in read ? read.example : undefined;
}

/** The numbers of a row if its score is known, remembered with the row. */
export async function knownScore(
  table: RowTable,
  index: number,
  info: UsableRow,
  model: OpenedModel,
  service: ScoringService,
): Promise<RowScore | undefined> {
  if (info.score?.model === model.hash) return info.score;
  const stored = service.known(model, info.key);
  if (!stored) return undefined;
  const score = await scoreOf(table, index, info, model, stored);
  info.score = score;
  return score;
}

async function scoreOf(
  table: RowTable,
  index: number,
  info: UsableRow,
  model: OpenedModel,
  stored: KnownScore,
): Promise<RowScore> {
  if (!('logprobs' in stored)) {
    const unusable = whyUnusable(stored, model);
    return { model: model.hash, unusable, tokens: 0, nllSum: 0, answerTokens: 0, answerNllSum: 0 };
  }
  if (!info.masks) return rowScore(model.hash, stored.logprobs);
  const example = exampleAt(table, index, '');
  const part = example && (await model.texts.encodeRow(example));
  const masked = part && 'tokens' in part ? ownMask({ example, ...part }) : undefined;
  return rowScore(model.hash, stored.logprobs, masked);
}

function whyUnusable(stored: Exclude<KnownScore, { logprobs: unknown }>, model: OpenedModel): Unusable {
  if ('refused' in stored) return { code: 'refused', reason: stored.refused };
  return { code: stored.reason, reason: stored.reason === 'too-long' ? tooLong(model.texts.facts) : noToken };
}

/** Adds numbers to a row. */
export function withScore(row: DatasetRow, score: RowScore | undefined): DatasetRow {
  if (!score) return { ...row, state: 'pending' };
  if (score.unusable !== undefined) return { ...row, state: 'bad', reason: score.unusable.reason };
  const masked = score.answerTokens - score.tokens;
  return {
    ...row,
    state: 'scored',
    perplexity: perplexityOf(score.nllSum, score.tokens),
    tokens: score.tokens,
    ...(masked > 0
      ? { maskedTokens: masked, unmaskedPerplexity: perplexityOf(score.answerNllSum, score.answerTokens) }
      : {}),
  };
}

/** A row's tokens with their places. */
export interface PlacedTokens {
  part: ScorablePart & { texts: string[] };
  strings: RowStrings;
  spans: RawSpan[][];
  masked: boolean[] | undefined;
  position: (offset: number) => TextPosition;
}

/** Encodes a row and finds its tokens in the raw text; undefined when it cannot be scored. */
export async function placeTokens(
  table: RowTable,
  index: number,
  info: RowInfo,
  model: OpenedModel,
): Promise<PlacedTokens | undefined> {
  if (info.kind !== 'row' || table.format === undefined) return undefined;
  const raw = table.textOf(index);
  const example = exampleAt(table, index, '');
  const strings = mapRow(raw, table.format);
  const position = positionsIn(raw, table.place(index).start);
  // From here on the table may be another one.
  const part = example && (await model.texts.encodeRow(example));
  if (!strings || !part || !('tokens' in part)) return undefined;
  return {
    part,
    strings,
    spans: tokenSpans(strings.answer, part),
    masked: info.masks ? ownMask({ example, ...part }) : undefined,
    position,
  };
}

/** Adds marks of all tokens and the places of the prompt. */
export function withMarks(row: DatasetRow, placed: PlacedTokens, logprobs: readonly number[]): DatasetRow {
  const { spans, masked, position, strings } = placed;
  return { ...row, marks: tokenMarks(spans, logprobs, masked, position), context: contextOf(strings, position) };
}

function contextOf(strings: RowStrings, position: (offset: number) => TextPosition): TextRange[] {
  return strings.prompt
    .filter(({ text }) => text.length > 0)
    .map(({ offsets }) => rangeOf({ start: offsets[0] as number, end: offsets.at(-1) as number }, position));
}

/** Everything that a hover says. The alternatives need an engine, so they are asked for here only. */
export async function explainRow(
  table: RowTable,
  place: RowPlace,
  at: TextPosition,
  scored: { model: OpenedModel; service: ScoringService; row: DatasetRow; logprobs: readonly number[] },
): Promise<RowDetails | undefined> {
  const { model, service, row, logprobs } = scored;
  const { format } = table;
  const placed = await placeTokens(table, place.index, table.info(place.index), model);
  if (!placed || format === undefined || row.perplexity === undefined) return undefined;
  const { part, spans, masked, position } = placed;
  const trained = logprobs.map((_, index) => index).filter((index) => !masked?.[index]);
  const hardest = trained.sort((a, b) => (logprobs[a] as number) - (logprobs[b] as number)).slice(0, hardTokens);
  const ranges = spans.map((places) => places.map((span) => rangeOf(span, position)));
  const here = ranges.findIndex((list) => list.some((range) => contains(range, at)));
  const wanted = [...hardest, ...(here >= 0 ? [here] : [])];
  const alternatives = await alternativesOf(service, model, part, wanted);
  const token = (index: number): HardToken => ({
    text: part.texts[index] as string,
    p: Math.exp(logprobs[index] as number),
    masked: masked?.[index] === true,
    endOfTurn: index === part.endIndex,
    alternatives: alternatives.get(index) ?? [],
    ranges: ranges[index] ?? [],
  });
  const stm = maskTargets([{ logprobs, endIndex: part.endIndex }], { kind: 'stm', tau: stmTau, protectEos: true }, 0);
  return {
    ...row,
    format,
    model: model.choice.name,
    meanNll: Math.log(row.perplexity),
    hardest: hardest.map(token),
    ...(here >= 0 ? { here: token(here) } : {}),
    stmTokens: (stm.masked[0] ?? []).filter(Boolean).length,
    contextTokens: part.from,
  };
}

/** The model's first choices at some of the answer's tokens. */
async function alternativesOf(
  service: ScoringService,
  model: OpenedModel,
  part: ScorablePart,
  wanted: readonly number[],
): Promise<Map<number, { text: string; p: number }[]>> {
  if (wanted.length === 0) return new Map();
  const first = Math.min(...wanted);
  const last = Math.max(...wanted);
  const [score] = await service.withEngine(model, ({ engine, info }) =>
    engine.score({
      model: info.id,
      sequences: [part.tokens.slice(0, part.from + last + 1)],
      from: [part.from + first],
      topK: alternativesShown,
    }),
  );
  const texts = await model.texts.tokenTexts((score?.topIds ?? []).flat());
  return new Map(
    wanted.map((index) => {
      const ids = score?.topIds?.[index - first] ?? [];
      const logs = score?.topLogprobs?.[index - first] ?? [];
      return [index, ids.map((id, k) => ({ text: texts.get(id) ?? '', p: Math.exp(logs[k] as number) }))];
    }),
  );
}

function contains({ start, end }: TextRange, { line, character }: TextPosition): boolean {
  return start.line === line && end.line === line && start.character <= character && character < end.character;
}
