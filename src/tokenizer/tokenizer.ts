// Text to token ids and back, on the library's normalizers, pre-tokenizers and models, with exact offsets of every token,
// which the library does not give. Takes parsed JSON and knows no files.
import { AddedToken, Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { LabError } from '../shared/errors.ts';
import { phrase, type Words } from '../shared/phrase.ts';
import { AddedTokenSplitter, stripAround } from './addedTokens.ts';
import { alignedText, endAfter, rewriteLoosely, type AlignedText } from './alignedText.ts';
import { hashJson } from './canonicalJson.ts';
import { fuseUnknown, tokensOfPiece } from './modelTokens.ts';
import { createLeastTokens } from './leastTokens.ts';
import { normalizeAligned } from './normalize.ts';
import { preTokenizeAligned } from './preTokenize.ts';
import { tokenDisplay } from './tokenText.ts';

/**
 * Token ids with their places. Spans are in UTF-16 units of the given text, [start, end), in order, without gap or
 * overlap, so that the spans joined are the text. Of several tokens that share one character, the first has the
 * character and the others are empty at its end; a token for an inserted prefix space is empty too; characters that the
 * tokenizer drops belong to the token after them. Tokens added by the post-processor have start = end = 0.
 */
export interface Encoding {
  ids: number[];
  starts: number[];
  ends: number[];
}

export interface Tokenizer {
  /** SHA-256 of the content of tokenizer.json; key order and white space do not matter. */
  readonly hash: string;
  /** Largest token id plus one. */
  readonly vocabularySize: number;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly padId: number | undefined;
  /**
   * Special tokens written in the text (chat markers) are recognised. `addSpecialTokens` (default false) adds what the
   * post-processor adds; `add_bos_token` and `add_eos_token` of tokenizer_config.json, when given, decide instead.
   */
  encode(text: string, options?: { addSpecialTokens?: boolean }): Encoding;
  /** Fewest tokens that `encode` can give for a text, found without encoding it; 0 where no bound is known. */
  leastTokens(text: string): number;
  /** Exactly what the tokens spell: spaces before punctuation are never "cleaned up". Ids without a token are skipped. */
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
  /** One token for display: a space for the meta symbol, `<0xE2>` for a byte that is no character by itself. */
  tokenText(id: number): string;
  tokenId(token: string): number | undefined;
}

/** Builds a tokenizer from the parsed tokenizer.json and tokenizer_config.json (`{}` when there is none). */
export function createTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown): Tokenizer {
  const config = isRecord(tokenizerConfig) ? tokenizerConfig : {};
  const library = createLibraryTokenizer(tokenizerJson, config);
  const encoder = new Encoder(library, config, readAddedTokens(tokenizerJson));
  const named = (key: string): number | undefined => {
    const token = tokenContent(config[key]);
    return token === undefined ? undefined : library.token_to_id(token);
  };
  const usesByteLevel = mentionsByteLevel((tokenizerJson as Record<string, unknown>)['decoder']);
  const display = tokenDisplay(library.decoder, usesByteLevel);
  const [bosId, eosId, padId] = [named('bos_token'), named('eos_token'), named('pad_token')];
  const { prefix, suffix } = surroundingIds(library, encoder, config, bosId, eosId);
  return {
    hash: hashJson(tokenizerJson),
    vocabularySize: encoder.model.vocab.length,
    bosId,
    eosId,
    padId,
    encode(text, options = {}) {
      const { ids, ends } = encoder.encode(text);
      const starts = ends.map((_, i) => ends[i - 1] ?? 0);
      if (!options.addSpecialTokens) return { ids, starts, ends };
      const zeros = (count: number): number[] => new Array<number>(count).fill(0);
      const pad = (offsets: number[]): number[] => [...zeros(prefix.length), ...offsets, ...zeros(suffix.length)];
      return { ids: [...prefix, ...ids, ...suffix], starts: pad(starts), ends: pad(ends) };
    },
    leastTokens: createLeastTokens(tokenizerJson as Record<string, unknown>, config),
    decode(ids, options = {}) {
      const known = ids.filter((id) => encoder.model.vocab[id] !== undefined);
      if (known.length === 0) return '';
      return library.decode(known, {
        skip_special_tokens: options.skipSpecialTokens ?? true,
        clean_up_tokenization_spaces: false,
      });
    },
    tokenText(id) {
      const token = encoder.model.vocab[id];
      if (token === undefined) return `<id ${id}>`;
      return encoder.addedTokens.has(token) ? token : display(token);
    },
    tokenId: (token) => library.token_to_id(token),
  };
}

/** The library's `encode_text`, keeping the end of every token in the original text. */
class Encoder {
  readonly model: NonNullable<LibraryTokenizer['model']>;
  readonly addedTokens = new Map<string, AddedToken>();
  private readonly plainSplitter: AddedTokenSplitter;
  private readonly normalizedSplitter: AddedTokenSplitter;
  private readonly library: LibraryTokenizer;
  private readonly config: Record<string, unknown>;

  constructor(library: LibraryTokenizer, config: Record<string, unknown>, addedTokens: AddedToken[]) {
    if (library.model === null) throw invalidTokenizer(phrase('it has no model'));
    this.library = library;
    this.config = config;
    this.model = library.model;
    const plain: string[] = [];
    const normalized: string[] = [];
    for (const token of addedTokens) {
      this.addedTokens.set(token.content, token);
      if (token.normalized && library.normalizer !== null) {
        const content = library.normalizer.normalize(token.content);
        normalized.push(content);
        this.addedTokens.set(content, token);
      } else {
        plain.push(token.content);
      }
    }
    this.plainSplitter = new AddedTokenSplitter(plain);
    this.normalizedSplitter = new AddedTokenSplitter(normalized);
  }

  encode(text: string): { ids: number[]; ends: number[] } {
    const ids: number[] = [];
    const ends: number[] = [];
    const sections = stripAround(this.plainSplitter.split(alignedText(text)), this.addedTokens);
    sections.forEach((section, index) => {
      for (const { token, end } of this.encodeSection(section, index)) {
        ids.push(this.idOf(token));
        ends.push(end);
      }
    });
    // Dropped characters at the end (a stripped trailing space) belong to the last token.
    if (ends.length > 0) ends[ends.length - 1] = text.length;
    return { ids, ends };
  }

  /** The id of a token of the model, an added token or, where the model has one, the unknown token. */
  idOf(token: string): number {
    const id = this.addedTokens.get(token)?.id ?? this.model.tokens_to_ids.get(token) ?? this.model.unk_token_id;
    if (id != null) return id;
    throw invalidTokenizer(phrase('it has neither a token for {0} nor an unknown token', JSON.stringify(token)));
  }

  private encodeSection(section: AlignedText, index: number): { token: string; end: number }[] {
    if (section.text.length === 0) return [];
    if (this.addedTokens.has(section.text)) return [wholeToken(section)];
    const normalized = normalizeAligned(this.library.normalizer, this.applyConfig(section));
    return stripAround(this.normalizedSplitter.split(normalized), this.addedTokens).flatMap((part) => {
      if (part.text.length === 0) return [];
      if (this.addedTokens.has(part.text)) return [wholeToken(part)];
      const tokens = preTokenizeAligned(this.library.pre_tokenizer, [part], index).flatMap((piece) =>
        this.encodePiece(piece),
      );
      return fuseUnknown(this.model, tokens);
    });
  }

  /** Two old switches of tokenizer_config.json that the library applies before the normalizer. */
  private applyConfig(section: AlignedText): AlignedText {
    let source = section;
    if (this.config['remove_space'] === true) {
      source = rewriteLoosely(source, source.text.trim().split(/\s+/).join(' '));
    }
    if (this.config['do_lowercase_and_remove_accent']) {
      source = rewriteLoosely(source, source.text.toLowerCase().replace(/\p{M}/gu, ''));
    }
    return source;
  }

  private encodePiece(piece: AlignedText): { token: string; end: number }[] {
    let at = 0;
    return tokensOfPiece(this.model, piece.text).map(({ token, units }) => {
      at += units;
      return { token, end: endAfter(piece, at) };
    });
  }
}

function wholeToken(section: AlignedText): { token: string; end: number } {
  return { token: section.text, end: endAfter(section, section.text.length) };
}

/** What stands around a text when special tokens are asked for. */
function surroundingIds(
  library: LibraryTokenizer,
  encoder: Encoder,
  config: Record<string, unknown>,
  bosId: number | undefined,
  eosId: number | undefined,
): { prefix: number[]; suffix: number[] } {
  const sentinel = '\u0000';
  const tokens = library.post_processor?.post_process([sentinel]).tokens ?? [sentinel];
  const at = tokens.indexOf(sentinel);
  let prefix = tokens.slice(0, at).map((token) => encoder.idOf(token));
  let suffix = tokens.slice(at + 1).map((token) => encoder.idOf(token));
  if (config['add_bos_token'] === false) prefix = prefix.filter((id) => id !== bosId);
  else if (config['add_bos_token'] === true && bosId !== undefined && !prefix.includes(bosId)) prefix.unshift(bosId);
  if (config['add_eos_token'] === false) suffix = suffix.filter((id) => id !== eosId);
  else if (config['add_eos_token'] === true && eosId !== undefined && !suffix.includes(eosId)) suffix.push(eosId);
  return { prefix, suffix };
}

function createLibraryTokenizer(tokenizerJson: unknown, config: Record<string, unknown>): LibraryTokenizer {
  if (!isRecord(tokenizerJson)) throw invalidTokenizer(phrase('it is not a JSON object'));
  try {
    return new LibraryTokenizer(tokenizerJson, config);
  } catch (error) {
    throw invalidTokenizer(error instanceof Error ? error.message : String(error), error);
  }
}

function readAddedTokens(tokenizerJson: unknown): AddedToken[] {
  const list = (tokenizerJson as { added_tokens?: unknown }).added_tokens;
  return (Array.isArray(list) ? list : []).map(
    (entry: ConstructorParameters<typeof AddedToken>[0]) => new AddedToken(entry),
  );
}

function invalidTokenizer(reason: Words, cause?: unknown): LabError {
  return new LabError('tokenizer-invalid', phrase('tokenizer.json cannot be used: {0}', reason), {
    remedy: phrase('It must be the file that a fast Hugging Face tokenizer saves (BPE, unigram or word piece).'),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The text of a special token as written in tokenizer_config.json: a string, or an object with `content`. */
export function tokenContent(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isRecord(value) && typeof value['content'] === 'string' ? value['content'] : undefined;
}

function mentionsByteLevel(decoder: unknown): boolean {
  if (!isRecord(decoder)) return false;
  if (decoder['type'] === 'ByteLevel') return true;
  return Array.isArray(decoder['decoders']) && decoder['decoders'].some(mentionsByteLevel);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
