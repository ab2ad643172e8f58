// A lower bound of the number of tokens, from the number of bytes: a text that is much too long need not be encoded to know it.

type Json = Record<string, unknown>;

/**
 * Fewest tokens that a text can have. Only a byte-level BPE without unknown bytes says something: elsewhere one token may
 * cover any stretch (an unknown word, dropped white space), and the bound is 0.
 */
export function createLeastTokens(tokenizer: Json, config: Json): (text: string) => number {
  const longest = longestToken(tokenizer, config);
  if (longest === undefined) return () => 0;
  const composes = typeOf(tokenizer['normalizer']) === 'NFC';
  return (text) => Math.ceil(Buffer.byteLength(composes ? text.normalize('NFC') : text) / longest);
}

/** Bytes of the longest token; undefined where tokens are not simply stretches of bytes. */
function longestToken(tokenizer: Json, config: Json): number | undefined {
  const model = tokenizer['model'] as Json | undefined;
  const vocabulary = model?.['vocab'];
  if (model?.['type'] !== 'BPE' || typeof vocabulary !== 'object' || vocabulary === null) return undefined;
  if (![undefined, 'NFC'].includes(typeOf(tokenizer['normalizer']))) return undefined;
  if (!isByteLevel(tokenizer['pre_tokenizer']) || config['remove_space'] === true) return undefined;
  if (config['do_lowercase_and_remove_accent']) return undefined;
  // In a byte-level vocabulary a character is a byte.
  const lengths = Object.keys(vocabulary).map((token) => token.length);
  if (lengths.filter((length) => length === 1).length < 256) return undefined;
  const added = (tokenizer['added_tokens'] ?? []) as Json[];
  if (added.some(({ lstrip, rstrip }) => lstrip === true || rstrip === true)) return undefined;
  const addedLengths = added.map(({ content }) => Buffer.byteLength(String(content)));
  return [...lengths, ...addedLengths].reduce((longest, length) => Math.max(longest, length), 1);
}

/** Bytes as they are, perhaps in pieces; nothing is dropped. */
function isByteLevel(step: unknown): boolean {
  if (typeOf(step) === 'ByteLevel') return true;
  if (typeOf(step) !== 'Sequence') return false;
  const steps = (step as { pretokenizers?: unknown }).pretokenizers;
  if (!Array.isArray(steps)) return false;
  const keepsAll = (one: unknown): boolean =>
    ['ByteLevel', 'Digits'].includes(typeOf(one) ?? '') ||
    (typeOf(one) === 'Split' && (one as Json)['behavior'] !== 'Removed');
  return steps.every(keepsAll) && steps.some((one) => typeOf(one) === 'ByteLevel');
}

function typeOf(step: unknown): string | undefined {
  return (step as { type?: string } | null | undefined)?.type;
}
