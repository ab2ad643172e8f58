import { describe, expect, test } from 'vitest';
import { textSideOf } from '../data/testFolder.ts';
import type { TextSide } from '../data/textSide.ts';
import { inEnglish } from '../shared/phrase.ts';
import { createRandom } from '../shared/random.ts';
import { maskSpans, maskTargets, spansOfColumn, tokensInSpans } from './mask.ts';
import type { AnswerTokens } from './mask.ts';
import { encodeScorable } from './scoreRows.ts';
import type { ScorablePart } from './scoreRows.ts';

// tau 2.5 masks p < 0.4, that is nll > 0.9163 (methods 10.4).
const targets = [
  { logprobs: [Math.log(0.9), Math.log(0.39), Math.log(0.41), Math.log(0.1)], endIndex: 3 },
  { logprobs: [Math.log(0.2), Math.log(0.2), Math.log(0.99)], endIndex: 2 },
];

describe('selective token masking', () => {
  test('masks tokens with a perplexity above tau and protects the end of turn', () => {
    const result = maskTargets(targets, { kind: 'stm', tau: 2.5, protectEos: true }, 0);
    expect(result.masked).toEqual([
      [false, true, false, false],
      [true, true, false],
    ]);
    expect(result.share).toBeCloseTo(3 / 7, 12);
    expect(result.eosShare).toBe(0);
    expect(result.eosShareUnprotected).toBe(0.5);
  });

  test('reports masked ends of turn when they are not protected', () => {
    const result = maskTargets(targets, { kind: 'stm', tau: 2.5, protectEos: false }, 0);
    expect(result.masked[0]).toEqual([false, true, false, true]);
    expect(result.eosShare).toBe(0.5);
  });
});

describe('random masking', () => {
  test('masks exactly as many tokens as STM, elsewhere', () => {
    const many = Array.from({ length: 40 }, () => targets).flat();
    const stm = maskTargets(many, { kind: 'stm', tau: 2.5, protectEos: true }, 0);
    const random = maskTargets(many, { kind: 'random', rate: 'stm', tau: 2.5, protectEos: true }, 7);
    expect(random.share).toBe(stm.share);
    expect(random.masked).not.toEqual(stm.masked);
    expect(random.eosShare).toBe(0);
    expect(maskTargets(many, { kind: 'random', rate: 'stm', tau: 2.5, protectEos: true }, 7)).toEqual(random);
    expect(maskTargets(many, { kind: 'random', rate: 'stm', tau: 2.5, protectEos: true }, 8)).not.toEqual(random);
  });

  test('takes a share of its own', () => {
    const result = maskTargets(targets, { kind: 'random', rate: 0.3, tau: 2.5, protectEos: false }, 1);
    expect(result.share).toBeCloseTo(2 / 7, 12);
  });
});

/** A template that trims answers, with a text before each. */
const templateWith = (thought: string): string =>
  "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' %}" +
  thought +
  "{% endif %}{{ m['content'] | trim }}<|im_end|>\n{% endfor %}" +
  '{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

function partOf(side: TextSide, completion: string): ScorablePart {
  const part = encodeScorable(side, {
    body: { kind: 'chat', prompt: [{ role: 'user', content: 'q' }], completion },
    provenance: 'ground_truth',
    source: { file: 'a.jsonl', line: 1 },
    fields: {},
  });
  if ('reason' in part) throw new Error(inEnglish(part.reason));
  return part;
}

/** Tokens of a text of eight letters with the end of turn, or of as many as the last one ends at. */
const tokensAt = (starts: number[], ends: number[], endIndex: number): AnswerTokens => ({
  text: 'abcdefgh'.slice(0, ends.at(-1)),
  starts,
  ends,
  endIndex,
});

describe('maskSpans', () => {
  test('joins neighbours and leaves out the end of turn', () => {
    const tokens = tokensAt([0, 2, 4, 6, 8], [2, 4, 6, 8, 8], 4);
    expect(maskSpans([true, true, false, true, true], tokens, tokens.text)).toEqual([
      [0, 4],
      [6, 8],
    ]);
  });
});

describe('tokensInSpans', () => {
  test('is the way back from maskSpans', () => {
    const tokens = tokensAt([0, 2, 4, 6, 8], [2, 4, 6, 8, 8], 4);
    const masked = [true, true, false, true, false];
    expect(tokensInSpans(maskSpans(masked, tokens, tokens.text), tokens, tokens.text)).toEqual(masked);
  });

  test('keeps characters of several byte tokens whole, in both directions', async () => {
    const side = await textSideOf();
    const answer = '們a😀好é';
    const tokens = partOf(side, answer);
    // Bytes by character; the end of turn is the last token.
    const characterOf = [...answer].flatMap((character, index) =>
      Array<number>(Buffer.byteLength(character)).fill(index),
    );
    expect(tokens.starts).toHaveLength(characterOf.length + 1);
    const random = createRandom(1);
    for (let round = 0; round < 200; round++) {
      const masked = tokens.starts.map((_, index) => index < characterOf.length && random() < 0.2);
      const hard = new Set(characterOf.filter((_, index) => masked[index]));
      const whole = [...characterOf.map((character) => hard.has(character)), false];
      const spans = maskSpans(masked, tokens, answer);
      expect(spans.map(([start, end]) => answer.slice(start, end)).join('')).toBe(
        [...answer].filter((_, index) => hard.has(index)).join(''),
      );
      expect(tokensInSpans(spans, tokens, answer)).toEqual(whole);
      expect(maskSpans(whole, tokens, answer)).toEqual(spans);
    }
  });

  test.each([
    ['writes a thought before the answer', '<think>\n\n</think>\n\n42 or so', '42 or so', [[3, 5]]],
    ['trims the answer', '42 or so', ' \n42 or so ', [[5, 7]]],
  ])('means places of the answer where a template %s', async (_, scored, answer, spans) => {
    const thought = scored.slice(0, scored.indexOf('42'));
    const side = await textSideOf({
      'tokenizer_config.json': { eos_token: '<|endoftext|>', chat_template: templateWith(thought) },
    });
    const tokens = partOf(side, answer);
    expect(tokens.text).toBe(scored);
    const masked = tokens.starts.map((start) => ['o', 'r'].includes(scored[start] ?? '') && scored[start - 1] !== 's');
    expect(maskSpans(masked, tokens, answer)).toEqual(spans);
    expect(tokensInSpans(spans as [number, number][], tokens, answer)).toEqual(masked);
    // What the template adds has no place in the answer.
    expect(
      maskSpans(
        tokens.starts.map((start) => start < thought.length),
        tokens,
        answer,
      ),
    ).toEqual([]);
  });

  test('trains on nothing where a template has written something else', () => {
    const tokens = tokensAt([0, 2], [2, 4], -1);
    expect(tokensInSpans([[0, 1]], tokens, 'QWZ')).toEqual([true, true]);
    expect(tokensInSpans([], tokens, 'QWZ')).toEqual([false, false]);
  });

  test('trains on nothing that is masked when the tokens are others', () => {
    const tokens = tokensAt([0, 1, 4], [1, 4, 6], -1);
    expect(tokensInSpans([[2, 3]], tokens, tokens.text)).toEqual([false, true, false]);
  });

  test('takes a damaged column for none', () => {
    expect(spansOfColumn([[0, 1], [1], 'x', [1, 2.5], [2, 3]])).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(spansOfColumn('x')).toEqual([]);
  });
});
