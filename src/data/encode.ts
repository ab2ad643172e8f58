// The one place where prompts and training examples become token ids. Generation, scoring and training all come through
// here, so that a model is never measured under another rendering than the one it was trained with (methods pitfall 1).
import type { Example, Message } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { ChatTemplate } from '../tokenizer/chatTemplate.ts';
import type { Encoding } from '../tokenizer/tokenizer.ts';
import type { TextSide } from './textSide.ts';

/** To be raised when examples become other tokens or places than before: what is remembered of them no longer holds. */
export const encodingVersion = 1;

export interface EncodedExample {
  tokens: number[];
  /** Index of the first trained-on token. */
  from: number;
  /** The answer (or the whole text) as it is trained on and scored. */
  text: string;
  /**
   * Per trained-on token (tokens[from..]): UTF-16 offsets in `text`. The end-of-turn token has start = end = text.length.
   * A token that spans the boundary between prompt and answer is trained on; its span is clipped to the answer.
   */
  starts: number[];
  ends: number[];
  /** Index into `tokens` of the end-of-turn token, -1 if none. */
  endIndex: number;
}

/**
 * The tokens after which the model writes its answer. With a chat template: the turns (a string is one user turn) and the
 * generation prompt. Without: the start token, then the string as it is, or the turns' contents, each ended by a line break.
 */
export function encodePrompt(side: TextSide, prompt: Message[] | string): number[] {
  const { text, startIds } = renderPrompt(side, prompt);
  return [...startIds, ...side.tokenizer.encode(text).ids];
}

/**
 * An example as one token sequence. Trained on: the answer and the end-of-turn token; of raw text every token after the
 * start token (or after the first token, where the tokenizer has no start token: nothing predicts it).
 * `tooLong` is the length in tokens, or a lower bound, of an example that exceeds the context; it is never cut.
 */
export function encodeExample(side: TextSide, example: Example): EncodedExample | { tooLong: number } {
  const { body, source } = example;
  let encoded: EncodedExample | { tooLong: number };
  try {
    encoded = body.kind === 'text' ? encodeText(side, body.text) : encodeAnswer(side, body.prompt, body.completion);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    const { message, remedy } = error.words;
    const place = `${source.file}:${source.line}`;
    throw new LabError(error.code, phrase('{0}: {1}', place, message), { cause: error, remedy });
  }
  if ('tooLong' in encoded || encoded.tokens.length <= side.contextLength) return encoded;
  return { tooLong: encoded.tokens.length };
}

/** Encoding megabytes only to find them too long would keep everybody else waiting for seconds. */
function surelyTooLong(side: TextSide, text: string): { tooLong: number } | undefined {
  const tooLong = side.tokenizer.leastTokens(text);
  return tooLong > side.contextLength ? { tooLong } : undefined;
}

/** A prompt for display: a single user turn as it is, a longer conversation with its roles. */
export function textOfPrompt(prompt: Message[] | string): string {
  if (typeof prompt === 'string') return prompt;
  const [first] = prompt;
  if (prompt.length === 1 && first?.role === 'user') return first.content;
  return prompt.map(({ role, content }) => `${role}: ${content}`).join('\n');
}

function renderPrompt(side: TextSide, prompt: Message[] | string): { text: string; startIds: number[] } {
  if (side.template)
    return { text: side.template.render(asTurns(prompt), { addGenerationPrompt: true }), startIds: [] };
  const text = typeof prompt === 'string' ? prompt : prompt.map(({ content }) => `${content}\n`).join('');
  return { text, startIds: side.startIds };
}

function asTurns(prompt: Message[] | string): Message[] {
  return typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
}

function encodeText(side: TextSide, text: string): EncodedExample | { tooLong: number } {
  const tooLong = surelyTooLong(side, text);
  if (tooLong) return tooLong;
  const { ids, starts, ends } = side.tokenizer.encode(text);
  const skipped = side.startIds.length > 0 ? 0 : 1;
  return {
    tokens: [...side.startIds, ...ids],
    from: side.startIds.length + skipped,
    text,
    starts: starts.slice(skipped),
    ends: ends.slice(skipped),
    endIndex: -1,
  };
}

function encodeAnswer(
  side: TextSide,
  prompt: Message[] | string,
  completion: string,
): EncodedExample | { tooLong: number } {
  const rendered = renderPrompt(side, prompt);
  const turns = side.template && [...asTurns(prompt), { role: 'assistant', content: completion } as const];
  const full =
    side.template && turns ? side.template.render(turns, { addGenerationPrompt: false }) : rendered.text + completion;
  const isPrefix = full.startsWith(rendered.text);
  const boundary = isPrefix || !side.template ? rendered.text.length : answerOffset(side.template, prompt, full);
  // What the template writes behind the turn is cut off, so it does not count.
  const tooLong = surelyTooLong(side, full.slice(0, answerEndIn(full, boundary, completion)));
  if (tooLong) return tooLong;
  const encoding = side.tokenizer.encode(full);
  const promptIds = isPrefix ? side.tokenizer.encode(rendered.text).ids : [];
  const first = isPrefix ? firstAnswerToken(encoding, boundary, promptIds) : firstTokenAfter(encoding, boundary);
  // Nothing predicts the very first token: without start token and prompt the answer's first token is context only.
  const from = rendered.startIds.length === 0 ? Math.max(first, 1) : first;
  const end = side.template ? findEndOfTurn(side, encoding, full, boundary, completion) : -1;
  return assemble(side, { startIds: rendered.startIds, encoding, full, boundary, from, end });
}

/** Cuts the encoding after the end-of-turn token, or appends one, and moves offsets to the answer. */
function assemble(
  side: TextSide,
  parts: { startIds: number[]; encoding: Encoding; full: string; boundary: number; from: number; end: number },
): EncodedExample {
  const { startIds, encoding, full, boundary, from, end } = parts;
  const last = end < 0 ? encoding.ids.length : end;
  const text = full.slice(boundary, end < 0 ? full.length : encoding.starts[end]);
  const clip = (offset: number): number => Math.min(Math.max(offset - boundary, 0), text.length);
  const starts = encoding.starts.slice(from, last).map(clip);
  const ends = encoding.ends.slice(from, last).map(clip);
  const tokens = [...startIds, ...encoding.ids.slice(0, last)];
  const endId = end < 0 ? (side.tokenizer.eosId ?? side.stopIds[0]) : encoding.ids[end];
  if (endId !== undefined) {
    tokens.push(endId);
    starts.push(text.length);
    ends.push(text.length);
  }
  return {
    tokens,
    from: startIds.length + from,
    text,
    starts,
    ends,
    endIndex: endId === undefined ? -1 : tokens.length - 1,
  };
}

/**
 * The prompt's tokens are normally the first tokens of the whole; then the answer begins right after them. Where prompt and
 * answer merge into one token at the seam, that token is the first one trained on.
 */
function firstAnswerToken(encoding: Encoding, boundary: number, promptIds: number[]): number {
  const same = promptIds.length <= encoding.ids.length && promptIds.every((id, i) => encoding.ids[i] === id);
  return same ? promptIds.length : firstTokenAfter(encoding, boundary);
}

function firstTokenAfter(encoding: Encoding, boundary: number): number {
  const index = encoding.ends.findIndex((end) => end > boundary);
  return index < 0 ? encoding.ids.length : index;
}

/**
 * Where the answer begins when the template writes a conversation otherwise than prompt and answer one after the other
 * (some add an opening thought to the generation prompt only): the place of a marker rendered in the answer's stead.
 */
function answerOffset(template: ChatTemplate, prompt: Message[] | string, full: string): number {
  const marker = '\ue000answer\ue001';
  const turns: Message[] = [...asTurns(prompt), { role: 'assistant', content: marker }];
  const offset = template.render(turns, { addGenerationPrompt: false }).lastIndexOf(marker);
  if (offset >= 0 && offset <= full.length) return offset;
  throw new LabError('template-invalid', phrase("The chat template does not render the assistant's answer"), {
    remedy: phrase('Correct the chat template of the model, or remove it to train on plain prompt and completion.'),
  });
}

/**
 * The first stop token behind the answer's own text (a stop token written inside the answer does not count), -1 if the
 * template closes the turn without one.
 */
function findEndOfTurn(side: TextSide, encoding: Encoding, full: string, boundary: number, completion: string): number {
  const answerEnd = answerEndIn(full, boundary, completion);
  return encoding.ids.findIndex((id, i) => (encoding.starts[i] ?? 0) >= answerEnd && side.stopIds.includes(id));
}

function answerEndIn(full: string, boundary: number, completion: string): number {
  const answer = completion.trim(); // many templates trim
  const at = full.indexOf(answer, boundary);
  return at < 0 ? boundary : at + answer.length;
}
