// Text comparison that several scorers share: normal forms and whole-word search that also works for scripts without
// blanks between words.

import { phrase } from '../../shared/phrase.ts';
import type { Phrase } from '../../shared/phrase.ts';

/** Lower case, one form per character (NFKC), single blanks, no sentence marks, quotes or brackets at the ends. */
export function normalize(text: string): string {
  const collapsed = text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
  const bare = collapsed.replace(/^[\s"'`*([{“‘「『]+|[\s.,;:!?。、…"'`*)\]}”’」』]+$/gu, '');
  return bare === '' ? collapsed : bare;
}

/** Matches `words` where they do not continue a longer word. Han and kana have no word boundaries. */
export function wholeWords(words: string): RegExp {
  const before = /^[\p{L}\p{N}]/u.test(words) && !unspaced(words.slice(0, 2)) ? '(?<![\\p{L}\\p{N}])' : '';
  const after = /[\p{L}\p{N}]$/u.test(words) && !unspaced(words.slice(-1)) ? '(?![\\p{L}\\p{N}])' : '';
  return new RegExp(before + escapePattern(words) + after, 'u');
}

function unspaced(text: string): boolean {
  return /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text);
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** Reference answers as texts: one, or a list of equally good ones. Undefined when it is neither. */
export function acceptedTexts(answer: unknown): string[] | undefined {
  const list: unknown[] = Array.isArray(answer) ? answer : [answer];
  const texts: string[] = [];
  for (const entry of list) {
    if (typeof entry !== 'string' && typeof entry !== 'number') return undefined;
    texts.push(String(entry));
  }
  return texts.length > 0 && texts.every((text) => text.trim() !== '') ? texts : undefined;
}

/** The item check of scorers whose answer is a text or a list of texts. */
export function checkTexts(item: { answer: unknown }): Phrase | undefined {
  if (acceptedTexts(item.answer)) return undefined;
  return phrase('"answer" must be a text that is not empty, or a list of such texts');
}
