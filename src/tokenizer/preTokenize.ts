// Applies the pre-tokenizers of a tokenizer.json to an aligned text: the pieces are the library's own, each with the
// places it came from.
import {
  ByteLevelPreTokenizer,
  MetaspacePreTokenizer,
  ReplacePreTokenizer,
  SequencePreTokenizer,
  type PreTokenizer,
} from '@huggingface/tokenizers';
import { replaceAligned, rewriteAligned, rewriteLoosely, sliceAligned, type AlignedText } from './alignedText.ts';

/** What the pieces that the model (BPE, unigram, ...) works on are cut from. `sectionIndex`: see Metaspace `first`. */
export function preTokenizeAligned(
  preTokenizer: PreTokenizer | null,
  pieces: AlignedText[],
  sectionIndex: number,
): AlignedText[] {
  if (preTokenizer === null) return pieces;
  if (preTokenizer instanceof SequencePreTokenizer) {
    return preTokenizer.tokenizers.reduce(
      (parts: AlignedText[], part) => preTokenizeAligned(part, parts, sectionIndex),
      pieces,
    );
  }
  return pieces.flatMap((piece) =>
    cut(preTokenizer, piece, preTokenizer.pre_tokenize_text(piece.text, { section_index: sectionIndex })),
  );
}

function cut(preTokenizer: PreTokenizer, source: AlignedText, pieces: string[]): AlignedText[] {
  const joined = pieces.join('');
  if (preTokenizer instanceof ByteLevelPreTokenizer) return cutInOrder(expandBytes(source, joined), pieces);
  if (preTokenizer instanceof MetaspacePreTokenizer) {
    return [expandSpaces(source, joined, preTokenizer.str_rep.length)];
  }
  if (preTokenizer instanceof ReplacePreTokenizer && preTokenizer.pattern !== null) {
    return [replaceAligned(source, preTokenizer.pattern, preTokenizer.config.content ?? '', joined)];
  }
  return cutInOrder(source, pieces);
}

/** Pieces are substrings in order; what lies between them was dropped and falls to the piece after it. */
function cutInOrder(source: AlignedText, pieces: string[]): AlignedText[] {
  let at = 0;
  return pieces.map((piece) => {
    const from = Math.max(at, source.text.indexOf(piece, at));
    at = Math.min(source.text.length, from + piece.length);
    return sliceAligned(source, from, at);
  });
}

/** One unit per UTF-8 byte, perhaps after an added space. The unit of a character's first byte takes the character. */
function expandBytes(source: AlignedText, text: string): AlignedText {
  const consumed: number[] = [];
  let at = 0;
  for (const character of source.text) {
    at += character.length;
    for (let k = byteCount(character.codePointAt(0) ?? 0); k > 0; k--) consumed.push(at);
  }
  while (consumed.length < text.length) consumed.unshift(0);
  return rewriteAligned(source, text, consumed);
}

/** UTF-8 length of a code point; a lone surrogate is encoded as U+FFFD, three bytes like itself. */
function byteCount(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

/** Every space written as `width` units, perhaps after an added one. */
function expandSpaces(source: AlignedText, text: string, width: number): AlignedText {
  const consumed: number[] = [];
  for (let k = 0; k < source.text.length; k++) {
    for (let n = source.text[k] === ' ' ? width : 1; n > 0; n--) consumed.push(k + 1);
  }
  const added = text.length - consumed.length;
  if (added !== 0 && added !== width) return rewriteLoosely(source, text);
  return rewriteAligned(source, text, [...new Array<number>(added).fill(0), ...consumed]);
}
