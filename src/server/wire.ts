// Bounded frames for vscode-jsonrpc: a reader that ends at the first byte that is wrong, and a writer that gives up on a
// client that does not read.
import type { Socket } from 'node:net';
import { AbstractMessageReader, AbstractMessageWriter, ErrorCodes, Message } from 'vscode-jsonrpc/node';
import type { DataCallback, Disposable, MessageReader, MessageWriter } from 'vscode-jsonrpc/node';
import { phrase } from '../shared/phrase.ts';
import { encodeFrame, FrameDecoder } from '../shared/protocol/lab/frames.ts';
import { MAX_BODY_BYTES } from '../shared/protocol/lab/lifecycle.ts';
import { faultResponse } from './responseErrors.ts';

/** Reads frames from a socket. Fires an error once, at the first byte that is no frame. */
export class FrameReader extends AbstractMessageReader implements MessageReader {
  readonly decoder: FrameDecoder;
  private readonly socket: Socket;

  constructor(socket: Socket, maxBodyBytes: number) {
    super();
    this.socket = socket;
    this.decoder = new FrameDecoder(maxBodyBytes);
  }

  listen(callback: DataCallback): Disposable {
    const onData = (chunk: Buffer): void => {
      try {
        for (const message of this.decoder.push(chunk)) callback(message as Message);
      } catch (error) {
        this.socket.off('data', onData);
        this.fireError(error);
      }
    };
    this.socket.on('data', onData);
    this.socket.once('close', () => this.fireClose());
    return { dispose: () => void this.socket.off('data', onData) };
  }
}

/** Bytes that may wait for a client to read them: one largest message and some more. */
export const maxUnreadBytes = MAX_BODY_BYTES + (16 << 20);

/** Writes frames to a socket. Fires an error when the client lets more than `maxUnread` bytes wait. */
export class FrameWriter extends AbstractMessageWriter implements MessageWriter {
  private readonly socket: Socket;
  private readonly maxUnread: number;

  constructor(socket: Socket, maxUnread = maxUnreadBytes) {
    super();
    this.socket = socket;
    this.maxUnread = maxUnread;
    socket.once('close', () => this.fireClose());
  }

  async write(message: Message): Promise<void> {
    // Whoever has gone needs no answer.
    if (this.socket.destroyed) return;
    this.socket.write(boundedFrame(message));
    if (this.socket.writableLength > this.maxUnread) {
      this.fireError(new Error(`${this.socket.writableLength} bytes wait for a client that does not read`), message, 1);
    }
  }

  end(): void {
    this.socket.end();
  }
}

/** An answer that does not fit into a frame becomes an error that does. */
function boundedFrame(message: Message): Uint8Array {
  const frame = encodeFrame(message);
  if (frame.length <= MAX_BODY_BYTES || !Message.isResponse(message)) return frame;
  const length = phrase('the answer has {0} bytes; at most {1} are sent', frame.length, MAX_BODY_BYTES);
  const error = faultResponse(ErrorCodes.InternalError, length);
  return encodeFrame({ jsonrpc: '2.0', id: message.id, error: error.toJson() });
}
