// Finds the added tokens of a tokenizer.json (special tokens, chat markers) inside a text, as the library does: leftmost,
// longest, and with the white space around them where the token asks for it.
import type { AddedToken } from '@huggingface/tokenizers';
import { sliceAligned, type AlignedText } from './alignedText.ts';

/** A splitter for a fixed set of contents. */
export class AddedTokenSplitter {
  private readonly byFirst = new Map<string, string[]>();

  constructor(contents: Iterable<string>) {
    for (const content of contents) {
      const first = content[0];
      if (first === undefined) continue;
      const group = this.byFirst.get(first) ?? [];
      group.push(content);
      this.byFirst.set(first, group);
    }
    for (const group of this.byFirst.values()) group.sort((a, b) => b.length - a.length);
  }

  /** The sections of a text: added tokens and what lies between them, none empty. */
  split(source: AlignedText): AlignedText[] {
    if (this.byFirst.size === 0) return source.text.length > 0 ? [source] : [];
    const sections: AlignedText[] = [];
    let from = 0;
    let at = 0;
    while (at < source.text.length) {
      const found = this.byFirst.get(source.text[at] ?? '')?.find((content) => source.text.startsWith(content, at));
      if (found === undefined) {
        at++;
        continue;
      }
      if (at > from) sections.push(sliceAligned(source, from, at));
      from = at + found.length;
      sections.push(sliceAligned(source, at, from));
      at = from;
    }
    if (from < source.text.length) sections.push(sliceAligned(source, from, source.text.length));
    return sections;
  }
}

/** Trims the neighbours of added tokens that strip white space on their left or right. Sections may become empty. */
export function stripAround(sections: AlignedText[], addedTokens: ReadonlyMap<string, AddedToken>): AlignedText[] {
  const result = [...sections];
  for (let i = 0; i < result.length; i++) {
    const added = addedTokens.get(result[i]?.text ?? '');
    const before = result[i - 1];
    const after = result[i + 1];
    if (added?.lstrip && before) result[i - 1] = sliceAligned(before, 0, before.text.trimEnd().length);
    if (added?.rstrip && after) {
      result[i + 1] = sliceAligned(after, after.text.length - after.text.trimStart().length, after.text.length);
    }
  }
  return result;
}
