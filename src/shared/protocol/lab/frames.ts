// The frames of the wire between the editor and the lab server: a header with `Content-Length`, an empty line, and that
// many bytes of JSON, as in the Language Server Protocol. The decoder is strict and bounded, because whatever arrives on
// a socket is foreign until it has proven otherwise.
import { MAX_HEADER_BYTES } from './lifecycle.ts';

/** What arrived is not a frame, or a larger one than allowed: the connection cannot go on. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FrameError';
  }
}

const CR = 13;
const LF = 10;
/** Every header that is understood begins so; anything else is refused at its first byte. */
const headerBeginning = 'content-';

/** Turns bytes into messages. After an error it must not be used again. */
export class FrameDecoder {
  /** Longest body in bytes; may be raised between frames. */
  maxBodyBytes: number;
  private readonly header = new Uint8Array(MAX_HEADER_BYTES);
  private headerLength = 0;
  /** Length of the body that is being received. */
  private bodyLength: number | undefined;
  private body: Uint8Array[] = [];
  private received = 0;

  constructor(maxBodyBytes: number) {
    this.maxBodyBytes = maxBodyBytes;
  }

  /** Takes bytes as they arrive and gives the messages they complete. Throws FrameError. */
  push(chunk: Uint8Array): object[] {
    const messages: object[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      rest = this.bodyLength === undefined ? this.takeHeader(rest) : this.takeBody(rest, messages);
    }
    return messages;
  }

  private takeHeader(bytes: Uint8Array): Uint8Array {
    const before = this.headerLength;
    const added = Math.min(bytes.length, this.header.length - before);
    this.header.set(bytes.subarray(0, added), before);
    this.headerLength += added;
    this.checkBeginning();
    const end = this.headerEnd(Math.max(0, before - 3));
    if (end === undefined) {
      if (this.headerLength === this.header.length)
        throw new FrameError(`a header of more than ${MAX_HEADER_BYTES} bytes`);
      return bytes.subarray(added);
    }
    this.bodyLength = this.parseHeader(end);
    this.headerLength = 0;
    return bytes.subarray(end + 4 - before);
  }

  private checkBeginning(): void {
    const length = Math.min(this.headerLength, headerBeginning.length);
    for (let at = 0; at < length; at++) {
      const lowered = String.fromCharCode(this.header[at] as number).toLowerCase();
      if (lowered !== headerBeginning[at]) throw new FrameError('bytes that are no header');
    }
  }

  private headerEnd(from: number): number | undefined {
    const { header, headerLength } = this;
    for (let at = from; at + 3 < headerLength; at++) {
      if (header[at] === CR && header[at + 1] === LF && header[at + 2] === CR && header[at + 3] === LF) return at;
    }
    return undefined;
  }

  private parseHeader(end: number): number {
    const lines = String.fromCharCode(...this.header.subarray(0, end)).split('\r\n');
    let length: number | undefined;
    for (const line of lines) {
      const [, name, value] = /^([A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
      if (name?.toLowerCase() === 'content-length' && length === undefined && /^\d{1,10}$/.test(value ?? '')) {
        length = Number(value);
      } else if (name?.toLowerCase() !== 'content-type' || !/charset="?utf-?8"?$/i.test(value ?? '')) {
        throw new FrameError(`a header line that is not understood: ${JSON.stringify(line.slice(0, 80))}`);
      }
    }
    if (length === undefined) throw new FrameError('a header without Content-Length');
    if (length > this.maxBodyBytes)
      throw new FrameError(`a body of ${length} bytes; at most ${this.maxBodyBytes} are taken`);
    if (length === 0) throw new FrameError('an empty body');
    return length;
  }

  private takeBody(bytes: Uint8Array, messages: object[]): Uint8Array {
    const length = this.bodyLength as number;
    const part = bytes.subarray(0, length - this.received);
    this.body.push(part);
    this.received += part.length;
    if (this.received === length) {
      messages.push(parseMessage(this.body, length));
      this.body = [];
      this.received = 0;
      this.bodyLength = undefined;
    }
    return bytes.subarray(part.length);
  }
}

function parseMessage(parts: readonly Uint8Array[], length: number): object {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new FrameError('a body that is not JSON in UTF-8');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FrameError('a body that is no message');
  return value;
}

/** The bytes of a message. */
export function encodeFrame(message: object): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(message));
  const header = new TextEncoder().encode(`Content-Length: ${body.length}\r\n\r\n`);
  const frame = new Uint8Array(header.length + body.length);
  frame.set(header);
  frame.set(body, header.length);
  return frame;
}
