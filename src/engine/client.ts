// Starts an engine in a process of its own and speaks to it as an `Engine`. When the process dies, every pending call fails
// with the reason.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  CancellationTokenSource,
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import type { CallOptions, Engine, EngineProgress } from './engine.ts';
import { LabError, type ErrorCode } from '../shared/errors.ts';
import { phrase, type Words } from '../shared/phrase.ts';
import {
  ENGINE_PROTOCOL_VERSION,
  engineMethods,
  engineProgressMethod,
  type EngineErrorData,
  type EngineProgressParams,
  type HelloResult,
} from '../shared/protocol/engine.ts';

/** How long a closing engine may take before it is killed. */
const CLOSE_TIMEOUT_MS = 2000;
const KEPT_LOG_BYTES = 4000;

/**
 * The runtime copies every fetched output into a fresh buffer. With glibc's defaults each of those is mapped and unmapped
 * anew, and its page faults cost more than the copy; kept on the heap the same memory is used again.
 */
const MEMORY_ENVIRONMENT = {
  MALLOC_MMAP_THRESHOLD_: '1073741824',
  MALLOC_TRIM_THRESHOLD_: '4294967296',
  MALLOC_TOP_PAD_: '67108864',
};

export interface EngineProcessOptions {
  /** Bundle of the engine process; default: `engine.js` beside this bundle. */
  entry?: string;
  env?: NodeJS.ProcessEnv;
  /** Scheduling priority of the process as in `os.setPriority`: 10 leaves the processor to others. */
  priority?: number;
}

/** The engine bundle: beside the running bundle, or in dist when running from source. */
function defaultEntry(): string {
  const candidates = ['./engine.js', '../../dist/engine.js'].map((relative) =>
    fileURLToPath(new URL(relative, import.meta.url)),
  );
  const found = candidates.find((file) => existsSync(file));
  if (found) return found;
  throw new LabError('file-not-found', phrase('the engine bundle is missing (looked for {0})', candidates.join(', ')), {
    remedy: phrase('Run `npm run build`.'),
  });
}

/** Starts an engine process and shakes hands. Dispose it to end the process. */
export async function startEngine(options: EngineProcessOptions = {}): Promise<Engine> {
  const child = spawn(process.execPath, ['--expose-gc', options.entry ?? defaultEntry()], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Inside the editor this process may be Electron, which runs a script only when it is told to be Node.
    env: { ...MEMORY_ENVIRONMENT, ...(options.env ?? process.env), ELECTRON_RUN_AS_NODE: '1' },
  });
  const client = new EngineClient(child);
  if (options.priority !== undefined && child.pid !== undefined) lowerPriority(child.pid, options.priority);
  await client.hello();
  return client;
}

function lowerPriority(pid: number, priority: number): void {
  try {
    setPriority(pid, priority);
  } catch {
    // Only courtesy: a system that does not allow it runs the engine as usual.
  }
}

class EngineClient implements Engine {
  private readonly connection: MessageConnection;
  private readonly progress = new Map<number, EngineProgress>();
  private readonly failures = new Set<(error: LabError) => void>();
  private nextCall = 1;
  private log = '';
  private death: LabError | undefined;
  private closing = false;

  constructor(private readonly child: ChildProcess) {
    this.connection = createMessageConnection(
      new StreamMessageReader(child.stdout!),
      new StreamMessageWriter(child.stdin!),
    );
    child.stderr!.on('data', (chunk: Buffer) => (this.log = (this.log + chunk.toString()).slice(-KEPT_LOG_BYTES)));
    child.on('error', (error) => this.die(error.message));
    child.on('exit', (code, signal) =>
      this.die(signal ? phrase('signal {0}', signal) : phrase('exit code {0}', String(code))),
    );
    // Writing to a process that has just died is reported through its exit.
    child.stdin!.on('error', () => undefined);
    this.connection.onError(() => undefined);
    this.connection.onNotification(engineProgressMethod, ({ call, ...progress }: EngineProgressParams) =>
      this.progress.get(call)?.(progress),
    );
    this.connection.listen();
  }

  async hello(): Promise<HelloResult> {
    return this.send(engineMethods.hello, { protocolVersion: ENGINE_PROTOCOL_VERSION }, {});
  }

  load: Engine['load'] = (request, options) => this.verb(engineMethods.load, request, options);
  score: Engine['score'] = (request, options) => this.verb(engineMethods.score, request, options);
  sample: Engine['sample'] = (request, options) => this.verb(engineMethods.sample, request, options);
  forwardBackward: Engine['forwardBackward'] = async (request, options) =>
    withNumbers(await this.verb(engineMethods.forwardBackward, request, options));
  optimStep: Engine['optimStep'] = async (request, options) =>
    withNumbers(await this.verb(engineMethods.optimStep, request, options));
  save: Engine['save'] = (request, options) => this.verb(engineMethods.save, request, options);
  restore: Engine['restore'] = (request, options) => this.verb(engineMethods.restore, request, options);

  async dispose(model?: number): Promise<void> {
    if (this.death) return;
    if (model !== undefined) {
      await this.send(engineMethods.dispose, { model }, {});
      return;
    }
    this.closing = true;
    const gone = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.connection.end();
    this.child.stdin!.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
    this.connection.dispose();
  }

  private async verb<T>(method: string, request: unknown, options: CallOptions = {}): Promise<T> {
    const call = this.nextCall++;
    if (options.onProgress) this.progress.set(call, options.onProgress);
    try {
      return await this.send<T>(method, { call, request }, options);
    } finally {
      this.progress.delete(call);
    }
  }

  /** Sends a request; fails when the process dies first. */
  private async send<T>(method: string, params: object, { signal }: CallOptions): Promise<T> {
    if (this.death) throw this.death;
    signal?.throwIfAborted();
    const source = new CancellationTokenSource();
    const cancel = () => source.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    let fail: (error: LabError) => void = () => undefined;
    const died = new Promise<never>((_, reject) => this.failures.add((fail = reject)));
    try {
      return await Promise.race([this.connection.sendRequest<T>(method, params, source.token), died]);
    } catch (error) {
      throw this.death ?? fromResponseError(error, signal);
    } finally {
      this.failures.delete(fail);
      signal?.removeEventListener('abort', cancel);
      source.dispose();
    }
  }

  private die(reason: Words): void {
    if (this.death) return;
    this.death = new LabError(
      'engine-died',
      this.closing ? phrase('the engine has been closed') : ended(reason, this.log),
      {
        remedy: phrase('Resume the run to continue from its last checkpoint.'),
      },
    );
    for (const fail of this.failures) fail(this.death);
  }
}

/** That the process has ended, with the last that it said. */
function ended(reason: Words, log: string): Words {
  const last = log.trim().slice(-500);
  return last === ''
    ? phrase('the engine process ended ({0})', reason)
    : phrase('the engine process ended ({0}): {1}', reason, last);
}

/** What is not a number comes over the wire as null. */
function withNumbers<T extends object>(result: T): T {
  return Object.fromEntries(
    Object.entries(result).map(([key, value]) => [key, value === null ? NaN : (value as unknown)]),
  ) as T;
}

function fromResponseError(error: unknown, signal: AbortSignal | undefined): unknown {
  if (!(error instanceof ResponseError)) return error;
  const data = error.data as EngineErrorData | undefined;
  if (data?.aborted || signal?.aborted) return new DOMException('The operation was aborted', 'AbortError');
  if (data?.code) return new LabError(data.code as ErrorCode, data.words.message, { remedy: data.words.remedy });
  return new Error(error.message);
}
