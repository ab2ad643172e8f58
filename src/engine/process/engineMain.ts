// The engine process: serves the Engine verbs over stdio until its input ends. stdout carries the protocol only.
import {
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
  type CancellationToken,
} from 'vscode-jsonrpc/node';
import type { CallOptions } from '../engine.ts';
import { createOnnxEngine } from '../onnx/onnxEngine.ts';
import { errorWords, LabError } from '../../shared/errors.ts';
import { inEnglish, phrase } from '../../shared/phrase.ts';
import {
  ENGINE_PROTOCOL_VERSION,
  engineMethods,
  engineProgressMethod,
  type EngineCall,
  type EngineErrorData,
  type HelloParams,
  type HelloResult,
} from '../../shared/protocol/engine.ts';

const connection = createMessageConnection(
  new StreamMessageReader(process.stdin),
  new StreamMessageWriter(process.stdout),
);
const engine = createOnnxEngine();
/** Present because the client starts this process with --expose-gc. */
const collectGarbage = (globalThis as { gc?: (options: { type: 'minor' }) => void }).gc;

/** Anything printed by a library would corrupt the protocol. */
console.log = console.error;

function abortSignal(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}

function toResponseError(error: unknown): ResponseError<EngineErrorData> {
  const code = error instanceof LabError ? error.code : undefined;
  const aborted = error instanceof Error && error.name === 'AbortError';
  const words = errorWords(error);
  return new ResponseError(-32000, inEnglish(words.message), { code, words, aborted });
}

type Verb = keyof Omit<typeof engineMethods, 'hello' | 'dispose'>;

function serve(verb: Verb): void {
  const call = engine[verb].bind(engine) as (request: unknown, options: CallOptions) => Promise<unknown>;
  connection.onRequest(engineMethods[verb], async (params: EngineCall<unknown>, token: CancellationToken) => {
    const onProgress: CallOptions['onProgress'] = (progress) => {
      void connection.sendNotification(engineProgressMethod, { call: params.call, ...progress });
    };
    try {
      return (await call(params.request, { signal: abortSignal(token), onProgress })) ?? null;
    } catch (error) {
      throw toResponseError(error);
    } finally {
      // Buffers of the last run are garbage now; freed at once, their memory serves the next run and stays flat.
      collectGarbage?.({ type: 'minor' });
    }
  });
}

connection.onRequest(engineMethods.hello, (params: HelloParams): HelloResult => {
  if (params.protocolVersion !== ENGINE_PROTOCOL_VERSION) {
    const message = phrase(
      'the engine speaks protocol {0}, the caller {1}; install matching versions',
      ENGINE_PROTOCOL_VERSION,
      params.protocolVersion,
    );
    throw toResponseError(new LabError('usage', message));
  }
  return { protocolVersion: ENGINE_PROTOCOL_VERSION, pid: process.pid, runtime: 'onnxruntime-node' };
});
for (const verb of ['load', 'score', 'sample', 'forwardBackward', 'optimStep', 'save', 'restore'] satisfies Verb[])
  serve(verb);
connection.onRequest(engineMethods.dispose, async (params: { model: number | null }) => {
  await engine.dispose(params.model ?? undefined);
  return null;
});
connection.onClose(() => process.exit(0));
// A terminal sends Ctrl-C to the whole process group; the caller decides what it means.
process.on('SIGINT', () => undefined);
connection.listen();
