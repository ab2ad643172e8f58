// One editor on its socket: frames, hello, requests with cancellation. What the messages mean is the server's affair.
import { timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { createMessageConnection } from 'vscode-jsonrpc/node';
import type { CancellationToken, MessageConnection } from 'vscode-jsonrpc/node';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import { hello, LAB_PROTOCOL_VERSION, MAX_BODY_BYTES, shutdown } from '../shared/protocol/lab/lifecycle.ts';
import type { LabHelloParams, LabHelloResult } from '../shared/protocol/lab/lifecycle.ts';
import type { CallContext } from './context.ts';
import { toResponseError, isAbort } from './responseErrors.ts';
import { FrameReader, FrameWriter } from './wire.ts';

/** A stranger's messages are short, and it has to introduce itself soon. */
const strangerBodyBytes = 64 * 1024;
const strangerMs = 10_000;

/** What a connection needs of its server. */
export interface ConnectionServer {
  readonly version: string;
  readonly token: string;
  readonly startedAt: string;
  /** Answers a request of an attached editor. */
  answer(method: string, params: unknown, context: CallContext & { trusted: boolean }): Promise<unknown>;
  take(method: string, params: unknown, context: CallContext): void;
  /** An editor has said hello (again), or has gone. */
  attached(client: ClientConnection): void;
  gone(client: ClientConnection): void;
  log(level: 'info' | 'warning' | 'error', message: string): void;
}

/** `stranger`: no hello yet. `other-version`: knows the token but speaks another protocol. */
type Standing = 'stranger' | 'other-version' | 'attached';

export class ClientConnection {
  readonly id: number;
  standing: Standing = 'stranger';
  trusted = false;
  /** Who speaks, as it said. */
  name = 'a stranger';
  private readonly socket: Socket;
  private readonly server: ConnectionServer;
  private readonly reader: FrameReader;
  private readonly rpc: MessageConnection;
  private readonly calls = new Set<AbortController>();
  private readonly introduction: NodeJS.Timeout;
  private closed = false;

  constructor(id: number, socket: Socket, server: ConnectionServer) {
    this.id = id;
    this.socket = socket;
    this.server = server;
    this.reader = new FrameReader(socket, strangerBodyBytes);
    const writer = new FrameWriter(socket);
    const silent = { error: () => undefined, warn: () => undefined, info: () => undefined, log: () => undefined };
    this.rpc = createMessageConnection(this.reader, writer, silent);
    this.introduction = setTimeout(() => this.close('it did not say hello'), strangerMs);
    this.reader.onError((error) => this.close(`it sent ${error.message}`));
    writer.onError(([error]) => this.close(error.message));
    socket.on('error', () => undefined); // reported through close
    this.rpc.onClose(() => this.end());
    this.rpc.onRequest((method, params, token) => this.answer(method, params, token));
    this.rpc.onNotification((method, params) => this.take(method, params));
    this.rpc.listen();
  }

  /** Sends a notification; dropped when the editor has gone. */
  send(method: string, params: unknown): void {
    if (this.closed) return;
    // Failures reach us as an error of the writer or as the end of the connection.
    void this.rpc.sendNotification(method, params).catch(() => undefined);
  }

  /** Ends the connection; `why` goes to the log. */
  close(why?: string): void {
    if (this.closed) return;
    this.end();
    // Afterwards: the log is told to all who are attached, and one that does not read would be closed again for it.
    if (why !== undefined) this.server.log('warning', `closed connection ${this.id} (${this.name}): ${why}`);
  }

  private end(): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.introduction);
    for (const call of this.calls) call.abort();
    this.rpc.dispose();
    this.socket.destroy();
    this.server.gone(this);
  }

  private async answer(method: string, params: unknown, token: CancellationToken): Promise<unknown> {
    const call = new AbortController();
    token.onCancellationRequested(() => call.abort());
    this.calls.add(call);
    try {
      if (method === hello.method) return this.welcome(params as Partial<LabHelloParams> | undefined);
      this.requireHello(method);
      const context = { signal: call.signal, client: this.id, trusted: this.trusted };
      return (await this.server.answer(method, params, context)) ?? null;
    } catch (error) {
      if (!(error instanceof LabError) && !isAbort(error)) {
        this.server.log(
          'error',
          `${method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
      }
      throw toResponseError(error);
    } finally {
      this.calls.delete(call);
    }
  }

  private take(method: string, params: unknown): void {
    if (this.standing !== 'attached') return;
    const { signal } = new AbortController();
    this.server.take(method, params, { signal, client: this.id });
  }

  private requireHello(method: string): void {
    if (this.standing === 'attached') return;
    if (this.standing === 'other-version' && method === shutdown.method) return;
    throw new LabError(
      'server-unavailable',
      phrase('The lab server takes no "{0}" before "{1}"', method, hello.method),
      { remedy: phrase('Say hello first, with the token of the lock file') },
    );
  }

  private welcome(params: Partial<LabHelloParams> | undefined): LabHelloResult {
    const { server } = this;
    if (!isSameText(String(params?.token ?? ''), server.token)) {
      throw new LabError('server-unavailable', phrase('The lab server does not know this token'), {
        remedy: phrase('Read the token from the lock file of the server again'),
      });
    }
    this.name = String(params?.client ?? 'an editor').slice(0, 200);
    clearTimeout(this.introduction);
    this.reader.decoder.maxBodyBytes = MAX_BODY_BYTES;
    if (params?.protocolVersion !== LAB_PROTOCOL_VERSION) {
      this.standing = 'other-version';
      throw new LabError(
        'server-unavailable',
        phrase(
          'The lab server is of version {0} (protocol {1}), the editor speaks protocol {2}',
          server.version,
          LAB_PROTOCOL_VERSION,
          String(params?.protocolVersion),
        ),
        { remedy: phrase('Let what it is doing finish or stop it, then reload the editor window') },
      );
    }
    this.standing = 'attached';
    this.trusted = params.trusted === true;
    server.attached(this);
    const { version, startedAt } = server;
    return { protocolVersion: LAB_PROTOCOL_VERSION, version, pid: process.pid, startedAt };
  }
}

/** In the same time whatever differs. */
function isSameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
