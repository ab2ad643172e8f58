// One connection to a server: hello first, then requests and notifications. Errors come back as what the command line
// would print.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import {
  CancellationTokenSource,
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { hello } from '../../shared/protocol/lab/lifecycle.ts';
import type { LabHelloParams, LabHelloResult } from '../../shared/protocol/lab/lifecycle.ts';
import type { LabErrorData } from '../../shared/protocol/lab/message.ts';

/** How long a server may take to accept and to answer hello. */
const connectMs = 5_000;
const defaultHelloMs = 15_000;

/** An open connection. */
export class Link {
  private readonly socket: Socket;
  private readonly rpc: MessageConnection;
  private closed = false;
  private readonly breaks = new Set<(error: BrokenLink) => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    const silent = { error: () => undefined, warn: () => undefined, info: () => undefined, log: () => undefined };
    this.rpc = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket), silent);
    socket.on('error', () => undefined); // reported through close
    this.rpc.onClose(() => this.close());
    this.rpc.onError(() => this.close());
  }

  /** Connects to an endpoint. Undefined when nobody listens there. */
  static async open(endpoint: string): Promise<Link | undefined> {
    const socket = await openSocket(endpoint);
    return socket && new Link(socket);
  }

  /** Introduces this editor to the server, which is process `pid`; may be repeated when trust changes. */
  async hello(params: LabHelloParams, pid: number, helloMs = defaultHelloMs): Promise<LabHelloResult> {
    const timer = AbortSignal.timeout(helloMs);
    try {
      return await this.request<LabHelloResult>(hello.method, params, timer);
    } catch (error) {
      if (!timer.aborted) throw error;
      throw new NoAnswer(pid);
    }
  }

  /** Called for every notification, and once when the connection ends. */
  listen(onNotification: (method: string, params: unknown) => void, onEnd: () => void): void {
    this.rpc.onNotification((method, params) => onNotification(method, params));
    this.breaks.add(onEnd);
    if (this.closed) onEnd();
  }

  /** Begins to read; call once before the first request. */
  start(): void {
    this.rpc.listen();
  }

  async request<Result>(method: string, params: unknown, signal?: AbortSignal): Promise<Result> {
    if (this.closed) throw new BrokenLink();
    signal?.throwIfAborted();
    const source = new CancellationTokenSource();
    let stop: (error: unknown) => void = () => undefined;
    const ended = new Promise<never>((_, reject) => {
      stop = reject;
    });
    const onBreak = (error: BrokenLink): void => stop(error);
    const onAbort = (): void => {
      source.cancel();
      stop(aborted());
    };
    this.breaks.add(onBreak);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.rpc.sendRequest<Result>(method, params, source.token), ended]);
    } catch (error) {
      throw fromResponse(error);
    } finally {
      this.breaks.delete(onBreak);
      signal?.removeEventListener('abort', onAbort);
      source.dispose();
    }
  }

  notify(method: string, params: unknown): void {
    if (this.closed) return;
    // A failure shows itself as the end of the connection.
    void this.rpc.sendNotification(method, params).catch(() => undefined);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.destroy();
    for (const tell of this.breaks) tell(new BrokenLink());
    this.breaks.clear();
    this.rpc.dispose();
  }
}

function openSocket(endpoint: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(endpoint);
    const give = (answer: Socket | undefined): void => {
      socket.off('connect', onConnect).off('timeout', onFailure).setTimeout(0);
      if (answer) socket.off('error', onFailure);
      else socket.destroy();
      resolve(answer);
    };
    const onConnect = (): void => give(socket);
    const onFailure = (): void => give(undefined);
    socket.on('connect', onConnect).on('error', onFailure).on('timeout', onFailure).setTimeout(connectMs);
  });
}

/** The connection ended before the answer; whether the request was carried out is not known. */
export class BrokenLink extends LabError {
  constructor() {
    super('server-unavailable', phrase('The connection to the lab server broke'), {
      remedy: phrase('It is restored by itself; try again in a moment'),
    });
  }
}

/** The server accepts connections and says nothing. */
export class NoAnswer extends LabError {
  constructor(pid: number) {
    super('server-unavailable', phrase('The lab server does not answer'), {
      remedy: phrase('Show the log; if it stays so, end process {0}', String(pid)),
    });
  }
}

/** The server accepts connections and closes them without an answer. */
export class TurnedAway extends LabError {
  constructor(pid: number) {
    super('server-unavailable', phrase('The lab server closes the connection without an answer'), {
      remedy: phrase(
        'It may be ending, or serve too many windows: try again in a moment; if it stays so, show the log and end process {0}',
        String(pid),
      ),
    });
  }
}

export const aborted = (): DOMException => new DOMException('The request was cancelled', 'AbortError');

function fromResponse(error: unknown): unknown {
  if (!(error instanceof ResponseError)) return error;
  const data = error.data as LabErrorData | undefined;
  // As in the Language Server Protocol: the request was cancelled.
  if (error.code === -32800) return aborted();
  if (data?.code === undefined) {
    return new LabError('server-unavailable', data?.words.message ?? error.message, {
      remedy: phrase('This is a fault of Forgetting Lab; its log says more'),
    });
  }
  return new LabError(data.code as ErrorCode, data.words.message, { remedy: data.words.remedy });
}
