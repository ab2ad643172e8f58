// A byte-level BPE trainer. It writes the standard `tokenizer.json` of Hugging Face and holds a fast encoder for the
// training stream; everything else in the project reads the written file through the ordinary tokenizer.

/** Splits text before merging: one Chinese character, one digit, a word, a run of signs, white space. */
export const splitPattern = ' ?[一-鿿]| ?\\p{N}| ?\\p{L}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+';

const splitter = new RegExp(splitPattern, 'gu');

/** GPT-2's printable stand-ins for the 256 bytes. */
const byteSymbols: readonly string[] = (() => {
  const symbols: string[] = [];
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
    symbols.push(String.fromCodePoint(printable ? byte : next++));
  }
  return symbols;
})();

const utf8 = new TextEncoder();

function symbolsOf(word: string): string[] {
  return Array.from(utf8.encode(word), (byte) => byteSymbols[byte]!);
}

/** A trained vocabulary: special tokens first, then the bytes, then one token per merge. */
export interface BpeModel {
  specials: readonly string[];
  /** Pairs of symbols, the earliest learned first. */
  merges: readonly (readonly [string, string])[];
  ids: ReadonlyMap<string, number>;
}

interface Word {
  symbols: string[];
  count: number;
}

/**
 * Learns merges until the vocabulary has `size` entries or no pair occurs `minimumCount` times. Ties go to the pair
 * that sorts first, so that the result depends on the texts alone.
 */
export function trainBpe(
  texts: Iterable<string>,
  options: { size: number; specials: readonly string[]; minimumCount?: number },
): BpeModel {
  const words = countWords(texts);
  const merges: [string, string][] = [];
  const ids = new Map<string, number>();
  for (const token of [...options.specials, ...byteSymbols]) ids.set(token, ids.size);
  while (ids.size < options.size) {
    const best = mostFrequentPair(words);
    if (best === undefined || best.count < (options.minimumCount ?? 2)) break;
    merges.push([best.left, best.right]);
    // Two different pairs can spell the same token; it has one id.
    if (!ids.has(best.left + best.right)) ids.set(best.left + best.right, ids.size);
    for (const word of words) word.symbols = mergePair(word.symbols, best.left, best.right);
  }
  return { specials: options.specials, merges, ids };
}

function countWords(texts: Iterable<string>): Word[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(splitter)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => ({ symbols: symbolsOf(word), count }));
}

function mostFrequentPair(words: readonly Word[]): { left: string; right: string; count: number } | undefined {
  const counts = new Map<string, { left: string; right: string; count: number }>();
  for (const { symbols, count } of words) {
    for (let i = 0; i + 1 < symbols.length; i++) {
      const left = symbols[i]!;
      const right = symbols[i + 1]!;
      const known = counts.get(`${left} ${right}`);
      if (known) known.count += count;
      else counts.set(`${left} ${right}`, { left, right, count });
    }
  }
  let best: { left: string; right: string; count: number } | undefined;
  for (const pair of counts.values()) {
    if (!best || pair.count > best.count || (pair.count === best.count && comesFirst(pair, best))) best = pair;
  }
  return best;
}

function comesFirst(a: { left: string; right: string }, b: { left: string; right: string }): boolean {
  return a.left < b.left || (a.left === b.left && a.right < b.right);
}

function mergePair(symbols: readonly string[], left: string, right: string): string[] {
  const merged: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      merged.push(left + right);
      i++;
    } else merged.push(symbols[i]!);
  }
  return merged;
}

/** Encodes plain text (no special tokens inside) and remembers every word it has met. */
export function createBpeEncoder(model: BpeModel): (text: string) => number[] {
  const ranks = new Map(model.merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
  const known = new Map<string, readonly number[]>();
  const encodeWord = (word: string): readonly number[] => {
    let symbols = symbolsOf(word);
    for (;;) {
      let best = Infinity;
      let at = -1;
      for (let i = 0; i + 1 < symbols.length; i++) {
        const rank = ranks.get(`${symbols[i]!} ${symbols[i + 1]!}`) ?? Infinity;
        if (rank < best) [best, at] = [rank, i];
      }
      if (at < 0) break;
      symbols = mergePair(symbols, symbols[at]!, symbols[at + 1]!);
    }
    return symbols.map((symbol) => model.ids.get(symbol)!);
  };
  return (text) => {
    const ids: number[] = [];
    for (const [word] of text.matchAll(splitter)) {
      let piece = known.get(word);
      if (piece === undefined) known.set(word, (piece = encodeWord(word)));
      ids.push(...piece);
    }
    return ids;
  };
}

/** The content of `tokenizer.json`. `bos` is put before raw text by the post-processor. */
export function tokenizerJson(model: BpeModel, bos: string): object {
  const added = model.specials.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const bosPiece = { SpecialToken: { id: bos, type_id: 0 } };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: splitPattern }, behavior: 'Isolated', invert: false },
        byteLevel,
      ],
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [bosPiece, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [bosPiece, { Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { [bos]: { id: bos, ids: [model.ids.get(bos)], tokens: [bos] } },
    },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(model.ids),
      merges: model.merges.map((pair) => [...pair]),
    },
  };
}
