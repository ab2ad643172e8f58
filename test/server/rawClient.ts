// A client that says exactly what a test wants, frame by frame, and writes down the conversation.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../src/shared/protocol/lab/frames.ts';
import { hello, LAB_PROTOCOL_VERSION, MAX_BODY_BYTES } from '../../src/shared/protocol/lab/lifecycle.ts';
import type { LabHelloParams } from '../../src/shared/protocol/lab/lifecycle.ts';
import type { LabErrorData, NotificationSpec, RequestSpec } from '../../src/shared/protocol/lab/message.ts';
import type { ServerLock } from '../../src/shared/protocol/lab/place.ts';
import { until, type TestWorkspace } from './testWorkspace.ts';

export interface Answer {
  id?: number;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { code: number; message: string; data?: LabErrorData };
}

export class RawClient {
  readonly socket: Socket;
  readonly received: Answer[] = [];
  /** What was sent and received, in order. */
  readonly transcript: { from: 'editor' | 'server'; message: Answer }[] = [];
  closed = false;
  private readonly decoder = new FrameDecoder(MAX_BODY_BYTES);
  private nextId = 1;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.take(this.decoder.push(chunk)));
    socket.on('close', () => (this.closed = true));
    socket.on('error', () => undefined);
  }

  static async open({ endpoint }: Pick<ServerLock, 'endpoint'>): Promise<RawClient> {
    const socket = connect(endpoint);
    onTestFinished(() => void socket.destroy());
    const client = new RawClient(socket);
    await until('the server accepts', () => !socket.connecting);
    return client;
  }

  /** Sends a request and waits for its answer, which may be an error. */
  async ask<Params, Result>({ method }: RequestSpec<Params, Result>, params: unknown): Promise<Answer> {
    const id = this.nextId++;
    this.send({ id, method, params });
    return until(`${method} is answered`, () => {
      const answer = this.received.find((one) => one.id === id);
      if (!answer && this.closed) throw new Error(`the connection was closed before ${method} was answered`);
      return answer;
    });
  }

  /** The result of a request that must succeed. */
  async get<Params, Result>(spec: RequestSpec<Params, Result>, params: Params): Promise<Result> {
    const { result, error } = await this.ask(spec, params);
    if (error) throw new Error(`${spec.method}: ${error.message}`);
    return result as Result;
  }

  hello(lock: Pick<ServerLock, 'token'>, changes: Partial<LabHelloParams> = {}): Promise<Answer> {
    const { token } = lock;
    return this.ask(hello, {
      protocolVersion: LAB_PROTOCOL_VERSION,
      token,
      client: 'a test',
      trusted: true,
      ...changes,
    });
  }

  /** Everything a notification has brought so far. */
  heard<Params>({ method }: NotificationSpec<Params>): Params[] {
    return this.received.filter((one) => one.method === method).map(({ params }) => params as Params);
  }

  whenClosed(): Promise<unknown> {
    return until('the server closes the connection', () => this.closed, 15_000);
  }

  private send(message: Answer): void {
    this.transcript.push({ from: 'editor', message });
    this.socket.write(encodeFrame({ jsonrpc: '2.0', ...message }));
  }

  private take(messages: Answer[]): void {
    for (const message of messages) {
      this.received.push(message);
      this.transcript.push({ from: 'server', message });
    }
  }
}

/** A client of a new server that has shaken hands. */
export async function greeted(workspace: TestWorkspace): Promise<RawClient> {
  const { lock } = await workspace.startServer();
  const client = await RawClient.open(lock);
  await client.hello(lock);
  return client;
}
