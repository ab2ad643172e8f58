// A text that remembers where it came from while normalizers and pre-tokenizers rewrite it. Only the end of every unit's
// source is kept: the start is the end of the unit before, so spans cannot overlap or leave gaps.

/** `text` with, for every UTF-16 unit k, `ends[k]`: the offset in the original right after what unit k came from. */
export interface AlignedText {
  readonly text: string;
  /** Offset in the original of the beginning of this text. */
  readonly start: number;
  /** Non-decreasing, length `text.length`. */
  readonly ends: Int32Array;
}

/** The whole of `text`, unit k standing for itself at `start + k`. */
export function alignedText(text: string, start = 0): AlignedText {
  const ends = new Int32Array(text.length);
  for (let k = 0; k < ends.length; k++) ends[k] = start + k + 1;
  return { text, start, ends };
}

/** Units [from, to) of a text. */
export function sliceAligned(source: AlignedText, from: number, to: number): AlignedText {
  return { text: source.text.slice(from, to), start: endAfter(source, from), ends: source.ends.subarray(from, to) };
}

/** Offset in the original after the first `units` units. */
export function endAfter(source: AlignedText, units: number): number {
  return units <= 0 ? source.start : (source.ends[Math.min(units, source.ends.length) - 1] ?? source.start);
}

/**
 * `source` rewritten to `text`: `consumed[k]` is how many units of `source` are used up once unit k of `text` is written.
 * An insertion consumes nothing; of several units written for one source unit, the first consumes it.
 */
export function rewriteAligned(source: AlignedText, text: string, consumed: readonly number[]): AlignedText {
  const ends = new Int32Array(text.length);
  for (let k = 0; k < ends.length; k++) ends[k] = endAfter(source, consumed[k] ?? source.text.length);
  return { text, start: source.start, ends };
}

/**
 * Alignment of last resort, for rewriting whose rule is not known: every unit of `text` takes the next equal unit of
 * `source` when there is one close by, and otherwise nothing. Always monotonic, exact for deletions and insertions.
 */
export function rewriteLoosely(source: AlignedText, text: string): AlignedText {
  const reach = 16;
  const consumed: number[] = [];
  let at = 0;
  for (const unit of text.split('')) {
    const found = source.text.slice(at, at + reach).indexOf(unit);
    if (found >= 0) at += found + 1;
    consumed.push(at);
  }
  return rewriteAligned(source, text, consumed);
}

/** Replaces every match of `pattern` by `content`; the first unit of the content takes the whole match. */
export function replaceAligned(source: AlignedText, pattern: RegExp, content: string, expected: string): AlignedText {
  const consumed: number[] = [];
  let length = 0;
  let at = 0;
  const copyTo = (end: number): void => {
    length += end - at;
    while (at < end) consumed.push(++at);
  };
  for (const match of source.text.matchAll(pattern)) {
    copyTo(match.index);
    at += match[0].length;
    for (let k = 0; k < content.length; k++) consumed.push(at);
    length += content.length;
  }
  copyTo(source.text.length);
  return length === expected.length
    ? rewriteAligned(source, expected, consumed)
    : rewriteLoosely(source, expected); /* the content holds replacement patterns such as $& */
}
