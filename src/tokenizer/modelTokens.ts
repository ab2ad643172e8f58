// Turns one pre-tokenized piece into tokens of the vocabulary and says how many units of the piece each token took, which
// the library's own `encode` does not tell.
import { BPE, Unigram, WordPiece, type Model } from '@huggingface/tokenizers';

/** A token of the model and the number of UTF-16 units of the piece that it stands for (0 for all but the first byte). */
export interface PieceToken {
  token: string;
  units: number;
}

/** The tokens of a piece, before unknown tokens are fused. */
export function tokensOfPiece(model: Model, piece: string): PieceToken[] {
  if (model instanceof BPE) return bytePairTokens(model, piece);
  const tokens = model.encode([piece]);
  if (model instanceof WordPiece) return wordPieceTokens(model, piece, tokens);
  if (model instanceof Unigram) return tokens.map((token) => ({ token, units: token.length }));
  return tokens.map((token) => ({ token, units: piece.length }));
}

/** The library's BPE.encode, with lengths: a symbol is a token, or its bytes, or unknown, or (without any) nothing. */
function bytePairTokens(model: BPE, piece: string): PieceToken[] {
  if (model.ignore_merges && model.tokens_to_ids.has(piece)) return [{ token: piece, units: piece.length }];
  const tokens: PieceToken[] = [];
  let pending = 0;
  const push = (token: string, units: number): void => {
    tokens.push({ token, units: units + pending });
    pending = 0;
  };
  const symbols = model.bpe(piece);
  symbols.forEach((symbol, index) => {
    const last = index === symbols.length - 1;
    const suffix = (last ? model.end_of_word_suffix : model.continuing_subword_suffix) ?? '';
    const units = symbol.length - suffix.length;
    if (model.tokens_to_ids.has(symbol)) return push(symbol, units);
    const bytes = model.byte_fallback ? byteTokens(symbol) : [];
    if (bytes.length > 0 && bytes.every((byte) => model.tokens_to_ids.has(byte))) {
      bytes.forEach((byte, k) => push(byte, k === 0 ? units : 0));
    } else if (model.unk_token != null) {
      push(model.unk_token, units);
    } else {
      pending += units;
    }
  });
  return tokens;
}

const utf8 = new TextEncoder();

function byteTokens(symbol: string): string[] {
  return Array.from(utf8.encode(symbol), (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
}

function wordPieceTokens(model: WordPiece, piece: string, tokens: string[]): PieceToken[] {
  if (tokens.length === 1) return tokens.map((token) => ({ token, units: piece.length }));
  const prefix = (model.config as { continuing_subword_prefix?: string }).continuing_subword_prefix ?? '';
  return tokens.map((token, index) => ({ token, units: token.length - (index === 0 ? 0 : prefix.length) }));
}

/** Runs of unknown tokens become one token when the model asks for it (the library's fuse_unk, with lengths). */
export function fuseUnknown(model: Model, tokens: { token: string; end: number }[]): { token: string; end: number }[] {
  if (!model.fuse_unk) return tokens;
  const isUnknown = (token: string): boolean =>
    (model.tokens_to_ids.get(token) ?? model.unk_token_id) === model.unk_token_id;
  const fused: { token: string; end: number }[] = [];
  let previousUnknown = false;
  for (const { token, end } of tokens) {
    const unknown = isUnknown(token);
    const last = fused.at(-1);
    if (unknown && previousUnknown && last !== undefined) {
      if (model.tokens_to_ids.get(last.token) !== model.unk_token_id) last.token += token;
      last.end = end;
    } else {
      fused.push({ token, end });
    }
    previousUnknown = unknown;
  }
  return fused;
}
