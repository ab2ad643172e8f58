// Token probabilities of dataset rows under a model, streaming: rows go to the engine in groups and come back in order,
// so memory does not grow with the number of rows. Rows that cannot be scored are said with their reason.
import { encodeExample } from '../data/encode.ts';
import type { TextSide } from '../data/textSide.ts';
import type { Engine } from '../engine/engine.ts';
import type { DroppedRow, Example } from '../shared/dataset.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import { spansOfColumn, tokensInSpans } from './mask.ts';
import type { AnswerTokens } from './mask.ts';
import { answerOf, inGroups } from './targets/recipe.ts';

/** An example with the probability of every answer token. All arrays run over the scored tokens. */
export interface ScoredRow {
  kind: 'scored';
  example: Example;
  ids: number[];
  /** The answer as it is scored: a chat template may trim it and write around it. */
  text: string;
  /** UTF-16 offsets in `text`; the end-of-turn token has start = end = length. */
  starts: number[];
  ends: number[];
  /** Natural logarithms, rounded to six decimals: what is stored is what masks are decided on. */
  logprobs: number[];
  /** Index of the end-of-turn token, -1 if there is none. */
  endIndex: number;
}

export type ScoredEvent = ScoredRow | { kind: 'dropped'; dropped: DroppedRow };

/** What `scoreRows` takes: rows of a dataset or of a target recipe. */
export type RowToScore =
  | { kind: 'example'; example: Example }
  | { kind: 'target'; example: Example }
  | { kind: 'dropped'; dropped: DroppedRow };

export interface ScoringContext {
  engine: Engine;
  model: number;
  side: TextSide;
  signal?: AbortSignal;
}

/** Rows handed to the engine together; it batches them by length on its own. */
const rowsTogether = 64;

/** The encoded part of a row that can be scored: the first token of a sequence has no prediction. */
export interface ScorablePart {
  tokens: number[];
  from: number;
  /** The answer as it is scored; `starts` and `ends` are its UTF-16 offsets, as in a ScoredRow. */
  text: string;
  starts: number[];
  ends: number[];
  endIndex: number;
}

/** Why an example cannot be scored. */
export const noToken = phrase('no token to score');
/** Why a row whose loss leaves out every token of its answer cannot be used. */
export const allMasked = phrase('every answer token is masked');
export const tooLong = ({ contextLength }: Pick<TextSide, 'contextLength'>): Phrase =>
  phrase("longer than the model's context of {0} tokens", contextLength);

/** Encodes an example for scoring or training, or gives the reason why it cannot be used. */
export function encodeScorable(side: TextSide, example: Example): ScorablePart | { reason: Phrase } {
  const encoded = encodeExample(side, example);
  if ('tooLong' in encoded) {
    return { reason: tooLong(side) };
  }
  const from = Math.max(1, encoded.from);
  const skipped = from - encoded.from;
  if (from >= encoded.tokens.length) return { reason: noToken };
  return {
    tokens: encoded.tokens,
    from,
    text: encoded.text,
    starts: encoded.starts.slice(skipped),
    ends: encoded.ends.slice(skipped),
    endIndex: encoded.endIndex < 0 ? -1 : encoded.endIndex - from,
  };
}

/** Answer tokens that a row's own `mask` column leaves out of the loss; editor, command line and training ask here. */
export function ownMask(row: Pick<ScoredRow, 'example'> & AnswerTokens): boolean[] {
  const { example } = row;
  return tokensInSpans(spansOfColumn(example.fields['mask']), row, answerOf(example));
}

/** Scores a stream of rows in order; dropped rows pass through. */
export async function* scoreRows(
  rows: AsyncIterable<RowToScore> | Iterable<RowToScore>,
  context: ScoringContext,
): AsyncGenerator<ScoredEvent> {
  for await (const group of inGroups(rows, rowsTogether)) {
    const parts = group.map((row) => (row.kind === 'dropped' ? undefined : encodeScorable(context.side, row.example)));
    const scorable = parts.filter((part): part is ScorablePart => part !== undefined && 'tokens' in part);
    const scores =
      scorable.length === 0
        ? []
        : await context.engine.score(
            {
              model: context.model,
              sequences: scorable.map((part) => part.tokens),
              from: scorable.map((part) => part.from),
            },
            context.signal ? { signal: context.signal } : {},
          );
    let next = 0;
    for (const [index, row] of group.entries()) {
      const part = parts[index];
      if (row.kind === 'dropped') yield row;
      else if (!part || 'reason' in part) {
        yield { kind: 'dropped', dropped: { source: row.example.source, reason: part?.reason ?? noToken } };
      } else yield scoredRow(row.example, part, scores[next++]?.logprobs ?? []);
    }
  }
}

function scoredRow(example: Example, part: ScorablePart, logprobs: readonly number[]): ScoredRow {
  return {
    kind: 'scored',
    example,
    ids: part.tokens.slice(part.from),
    text: part.text,
    starts: part.starts,
    ends: part.ends,
    logprobs: logprobs.map((value) => Math.round(value * 1e6) / 1e6),
    endIndex: part.endIndex,
  };
}
