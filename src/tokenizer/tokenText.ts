// How one token looks to a person: bytes decoded where they form characters, sentencepiece's meta symbol as a space.
import { ByteLevelDecoder, type Decoder } from '@huggingface/tokenizers';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const byteToken = /^<0x([0-9A-F]{2})>$/;

/** A function from a vocabulary entry to its display text; bytes that are no whole character become `<0xE2>`. */
export function tokenDisplay(decoder: Decoder | null, usesByteLevel: boolean): (token: string) => string {
  if (usesByteLevel) return byteLevelDisplay();
  const metaSymbol = decoder === null ? undefined : findMetaSymbol(decoder.config);
  return (token) => {
    const byte = byteToken.exec(token)?.[1];
    if (byte !== undefined) return displayBytes(Uint8Array.of(Number.parseInt(byte, 16)));
    return metaSymbol === undefined ? token : token.replaceAll(metaSymbol, ' ');
  };
}

function byteLevelDisplay(): (token: string) => string {
  const bytesOf = new Map(Object.entries(new ByteLevelDecoder({ type: 'ByteLevel' }).byte_decoder));
  return (token) => {
    const bytes: number[] = [];
    for (const character of token) {
      const byte = bytesOf.get(character);
      if (byte === undefined) return token; // not written in the byte alphabet, so it stands for itself
      bytes.push(Number(byte));
    }
    return displayBytes(Uint8Array.from(bytes));
  };
}

function displayBytes(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    // Part of a character: whole characters stay readable only together, so the bytes are spelled out.
    return Array.from(bytes, (byte) =>
      byte < 0x80 ? String.fromCharCode(byte) : `<0x${byte.toString(16).toUpperCase()}>`,
    ).join('');
  }
}

/** The symbol that the decoder turns into a space: Metaspace's, or a Replace by " ". */
function findMetaSymbol(config: unknown): string | undefined {
  const { type, decoders, replacement, pattern, content } = config as Record<string, unknown>;
  if (type === 'Sequence' && Array.isArray(decoders)) {
    for (const part of decoders) {
      const symbol = findMetaSymbol(part);
      if (symbol !== undefined) return symbol;
    }
  }
  if (type === 'Metaspace') return typeof replacement === 'string' ? replacement : '\u2581';
  const symbol = (pattern as { String?: unknown } | undefined)?.String;
  return type === 'Replace' && content === ' ' && typeof symbol === 'string' && symbol !== '' ? symbol : undefined;
}
