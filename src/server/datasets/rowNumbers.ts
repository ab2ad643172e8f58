// From token probabilities to what is shown of a row: perplexity of the tokens that are trained on, marks for colours.
import { difficultyBin } from '../../shared/difficulty.ts';
import type { TokenMark } from '../../shared/protocol/lab/datasets.ts';
import type { TextPosition, TextRange } from '../../shared/protocol/lab/experiments.ts';
import type { RowScore } from './rowInfo.ts';
import type { RawSpan } from './rowMap.ts';
import { allMasked } from '../../recipes/scoreRows.ts';

/** Sums of a row under a model. */
export function rowScore(model: string, logprobs: readonly number[], masked?: readonly boolean[]): RowScore {
  const score: RowScore = { model, tokens: 0, nllSum: 0, answerTokens: logprobs.length, answerNllSum: 0 };
  logprobs.forEach((logprob, index) => {
    score.answerNllSum -= logprob;
    if (masked?.[index]) return;
    score.tokens++;
    score.nllSum -= logprob;
  });
  if (score.tokens === 0) score.unusable = { code: 'all-masked', reason: allMasked };
  return score;
}

/** exp of the mean negative log probability. */
export function perplexityOf(nllSum: number, tokens: number): number {
  return Math.exp(nllSum / tokens);
}

/** Turns offsets in a row's text into positions of the document. */
export function positionsIn(text: string, start: TextPosition): (offset: number) => TextPosition {
  const breaks: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) breaks.push(at);
  return (offset) => {
    let [low, high] = [0, breaks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((breaks[middle] as number) < offset) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return { line: start.line, character: start.character + offset };
    return { line: start.line + low, character: offset - (breaks[low - 1] as number) - 1 };
  };
}

/** A raw stretch as a range of the document; a JSON string stands on one line. */
export function rangeOf(span: RawSpan, position: (offset: number) => TextPosition): TextRange {
  return { start: position(span.start), end: position(span.end) };
}

/**
 * Marks of tokens. Tokens without characters of their own (bytes of one character) count with the token before them: the
 * character is as hard as the hardest of them.
 */
export function tokenMarks(
  spans: readonly (readonly RawSpan[])[],
  logprobs: readonly number[],
  masked: readonly boolean[] | undefined,
  position: (offset: number) => TextPosition,
): TokenMark[] {
  const marks: TokenMark[] = [];
  spans.forEach((places, index) => {
    if (places.length === 0) return;
    let logprob = logprobs[index] as number;
    for (let next = index + 1; next < spans.length - 1 && spans[next]?.length === 0; next++) {
      logprob = Math.min(logprob, logprobs[next] as number);
    }
    for (const place of places) {
      const { start, end } = rangeOf(place, position);
      marks.push({
        line: start.line,
        start: start.character,
        end: end.character,
        bin: difficultyBin(logprob),
        logprob: Math.round(logprob * 1000) / 1000,
        masked: masked?.[index] === true,
      });
    }
  });
  return marks;
}
