// Differences between two texts, word by word or token by token, by longest common subsequence. The cost is bounded: what
// is too large to align is shown as one removal and one addition.

export interface DiffPart<T> {
  kind: 'same' | 'removed' | 'added';
  items: T[];
}

/** Cells of the alignment table that we are willing to fill. */
const tableLimit = 4_000_000;

/** Appends to the last part when it has the same kind. */
function push<T>(parts: DiffPart<T>[], kind: DiffPart<T>['kind'], items: readonly T[]): void {
  if (items.length === 0) return;
  const last = parts.at(-1);
  if (last?.kind === kind) last.items.push(...items);
  else parts.push({ kind, items: [...items] });
}

/** lengths[i * (m + 1) + j]: longest common subsequence of a[i..] and b[j..]. */
function commonLengths<T>(a: readonly T[], b: readonly T[]): Uint32Array {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * width + j;
      lengths[at] = a[i] === b[j] ? lengths[at + width + 1]! + 1 : Math.max(lengths[at + width]!, lengths[at + 1]!);
    }
  }
  return lengths;
}

function alignMiddle<T>(a: readonly T[], b: readonly T[], parts: DiffPart<T>[]): void {
  if ((a.length + 1) * (b.length + 1) > tableLimit) {
    push(parts, 'removed', a);
    push(parts, 'added', b);
    return;
  }
  const lengths = commonLengths(a, b);
  const width = b.length + 1;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      push(parts, 'same', [a[i]]);
      i++;
      j++;
    } else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) push(parts, 'removed', [a[i++]]);
    else push(parts, 'added', [b[j++]]);
  }
  push(parts, 'removed', a.slice(i));
  push(parts, 'added', b.slice(j));
}

/** Parts that turn `before` into `after`: same and removed parts spell `before`, same and added parts spell `after`. */
export function diffItems<T>(before: readonly T[], after: readonly T[]): DiffPart<T>[] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const parts: DiffPart<T>[] = [];
  push(parts, 'same', before.slice(0, start));
  alignMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end), parts);
  push(parts, 'same', before.slice(before.length - end));
  return parts;
}

/** Words, runs of white space and single signs, which together spell the text; Han and kana fall into characters. */
function pieces(text: string): string[] {
  return text.match(/\s+|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}\p{M}_]+|[^]/gu) ?? [];
}

export interface TextPart {
  kind: DiffPart<string>['kind'];
  text: string;
}

/** White space that two texts share between changed words says nothing: it joins the changes around it. */
function joinChanges(parts: readonly TextPart[]): TextPart[] {
  const joined: TextPart[] = [];
  let removed = '';
  let added = '';
  const flush = (): void => {
    if (removed !== '') joined.push({ kind: 'removed', text: removed });
    if (added !== '') joined.push({ kind: 'added', text: added });
    removed = '';
    added = '';
  };
  parts.forEach((part, k) => {
    const between = removed !== '' && added !== '' && k < parts.length - 1;
    if (part.kind === 'same' && !(between && /^\s+$/.test(part.text))) {
      flush();
      joined.push(part);
      return;
    }
    if (part.kind !== 'added') removed += part.text;
    if (part.kind !== 'removed') added += part.text;
  });
  flush();
  return joined;
}

/** Word diff of two texts: same and removed parts spell `before`, same and added parts spell `after`. */
export function diffWords(before: string, after: string): TextPart[] {
  const parts = diffItems(pieces(before), pieces(after)).map(({ kind, items }) => ({ kind, text: items.join('') }));
  return joinChanges(parts);
}
