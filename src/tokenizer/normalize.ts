// Applies the normalizers of a tokenizer.json and keeps track of where every unit of the result came from. The library's
// own result is always the text that is used; only the alignment is computed here.
import {
  PrependNormalizer,
  ReplaceNormalizer,
  SequenceNormalizer,
  StripNormalizer,
  type Normalizer,
} from '@huggingface/tokenizers';
import { replaceAligned, rewriteAligned, rewriteLoosely, type AlignedText } from './alignedText.ts';

/** A base character with its combining marks, or a run of Hangul jamo: what Unicode normalization can compose. */
const composable = /[\u1100-\u11ff]+\p{M}*|\P{M}\p{M}*|\p{M}+/gsu;

/** `source` after `normalizer`, aligned with the original. */
export function normalizeAligned(normalizer: Normalizer | null, source: AlignedText): AlignedText {
  if (normalizer === null) return source;
  if (normalizer instanceof SequenceNormalizer) {
    return normalizer.normalizers.reduce((text: AlignedText, part) => normalizeAligned(part, text), source);
  }
  const text = normalizer.normalize(source.text);
  if (text === source.text) return source;
  if (normalizer instanceof PrependNormalizer) return insertBefore(source, text);
  if (normalizer instanceof ReplaceNormalizer && normalizer.pattern !== null) {
    return replaceAligned(source, normalizer.pattern, normalizer.config.content ?? '', text);
  }
  if (normalizer instanceof StripNormalizer) return rewriteLoosely(source, text);
  return normalizeBySegments((part) => normalizer.normalize(part), source, text);
}

/** Unit k of the original follows an inserted prefix, which stands for nothing. */
function insertBefore(source: AlignedText, text: string): AlignedText {
  const prefix = text.length - source.text.length;
  return rewriteAligned(
    source,
    text,
    Array.from({ length: text.length }, (_, k) => Math.max(0, k + 1 - prefix)),
  );
}

/**
 * For normalizers that work character by character (Unicode forms, lower case, accents): each composable segment is
 * normalized alone, and the first unit of its result takes the whole segment unless the segment did not change.
 */
export function normalizeBySegments(
  normalize: (part: string) => string,
  source: AlignedText,
  text: string,
): AlignedText {
  const consumed: number[] = [];
  let at = 0;
  for (const [segment] of source.text.matchAll(composable)) {
    const result = normalize(segment);
    const unitwise = result.length === segment.length && result.length === [...result].length;
    for (let k = 0; k < result.length; k++) consumed.push(unitwise ? at + k + 1 : at + segment.length);
    at += segment.length;
  }
  // Equal lengths suffice: context (a final sigma) changes a character, not the number of units.
  return consumed.length === text.length ? rewriteAligned(source, text, consumed) : rewriteLoosely(source, text);
}
