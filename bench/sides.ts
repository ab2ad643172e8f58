// The two sides of a comparison behind one interface: our engine in its own process, as users get it, and PyTorch with
// transformers in a Python process. Each waits asleep while the other works.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { startEngine } from '../src/engine/client.ts';
import type { Device, Engine, LoadRequest } from '../src/engine/engine.ts';
import { fullWeights } from './shapes.ts';

export type Measure = 'train step' | 'scoring' | 'decoding';

/** Inputs of the three measures for one model. */
export interface Workload {
  folder: string;
  threads: number;
  device: Device;
  sequences: number[][];
  prompts: number[][];
  newTokens: number;
}

/** `value` proves that both sides did the same: the last loss, the mean nll, or the number of new tokens. */
export interface Timing {
  seconds: number;
  value: number;
}

export interface Side {
  /** Where it computes, in words. */
  device: string;
  run(measure: Measure, times: number): Promise<Timing>;
  close(): Promise<void>;
  /** Seconds spent so far per verb, where known. */
  parts?: Map<string, number>;
}

/** What both sides train with: AdamW's defaults in PyTorch, clipping at 1. */
export const OPTIMIZER = { learningRate: 1e-4, weightDecay: 0.01, maxGradNorm: 1 };

export async function startOurs(work: Workload): Promise<Side> {
  const engine = await startEngine();
  const { id, device } = await engine.load(loadRequest(work));
  return new OurSide(engine, id, device, work);
}

const loadRequest = ({ folder, device, threads }: Workload): LoadRequest => ({ folder, device, threads });

class OurSide implements Side {
  readonly parts = new Map<string, number>();
  private isTrainable = false;

  constructor(
    private readonly engine: Engine,
    private model: number,
    readonly device: string,
    private readonly work: Workload,
  ) {}

  async run(measure: Measure, times: number): Promise<Timing> {
    const start = performance.now();
    let value = NaN;
    for (let i = 0; i < times; i++) value = await this.once(measure);
    return { seconds: (performance.now() - start) / 1000, value };
  }

  private async once(measure: Measure): Promise<number> {
    const { model, work } = this;
    if (measure === 'train step') return this.trainStep();
    if (measure === 'scoring') {
      const scores = await this.engine.score({ model, sequences: work.sequences });
      const logprobs = scores.flatMap((score) => score.logprobs);
      return -logprobs.reduce((a, b) => a + b, 0) / logprobs.length;
    }
    const completions = await this.engine.sample({
      model,
      prompts: work.prompts,
      maxTokens: work.newTokens,
      stopIds: [],
    });
    return completions.reduce((sum, completion) => sum + completion.tokens.length, 0);
  }

  private async trainStep(): Promise<number> {
    if (!this.isTrainable) await this.loadToTrain();
    const { model } = this;
    const sequences = this.work.sequences.map((tokens) => ({ tokens, weights: fullWeights(tokens) }));
    const start = performance.now();
    const { lossSum, weightSum } = await this.engine.forwardBackward({ model, sequences });
    const middle = performance.now();
    await this.engine.optimStep({ model, ...OPTIMIZER });
    this.addPart('forward and backward', middle - start);
    this.addPart('clipping and AdamW', performance.now() - middle);
    return lossSum / weightSum;
  }

  /** Models are measured as they are used: those that only answer are loaded without a trainable set. */
  private async loadToTrain(): Promise<void> {
    await this.engine.dispose(this.model);
    this.model = (await this.engine.load({ ...loadRequest(this.work), trainable: { kind: 'full' } })).id;
    this.isTrainable = true;
  }

  private addPart(name: string, milliseconds: number): void {
    this.parts.set(name, (this.parts.get(name) ?? 0) + milliseconds / 1000);
  }

  close(): Promise<void> {
    return this.engine.dispose();
  }
}

/** @param command a Python with torch and transformers; `script` is peer.py. */
export async function startPeer(command: string, script: string, work: Workload): Promise<Side> {
  const process = spawn(command, [script], { stdio: ['pipe', 'pipe', 'inherit'], env: peerEnvironment(work.threads) });
  const side = new PeerSide(process, work);
  const device = work.device === 'cpu' ? 'cpu' : 'cuda';
  const answer = await side.ask<{ device?: string; problem?: string }>({
    do: 'load',
    folder: work.folder,
    threads: work.threads,
    device,
  });
  if (answer.problem !== undefined) {
    await side.close();
    throw new Error(answer.problem);
  }
  side.device = answer.device!;
  return side;
}

/** Libraries below PyTorch read their thread count when they start. */
export function peerEnvironment(threads: number): NodeJS.ProcessEnv {
  return { ...process.env, OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) };
}

const VERBS: Record<Measure, string> = { 'train step': 'train', scoring: 'score', decoding: 'decode' };

class PeerSide implements Side {
  device = '';
  private readonly lines: AsyncIterator<string>;

  constructor(
    private readonly child: ChildProcess,
    private readonly work: Workload,
  ) {
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  async ask<T>(request: object): Promise<T> {
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    const line = await this.lines.next();
    if (line.done) throw new Error('the Python process ended; its message is above');
    return JSON.parse(line.value) as T;
  }

  run(measure: Measure, times: number): Promise<Timing> {
    const { sequences, prompts, newTokens } = this.work;
    const input = measure === 'decoding' ? { prompts, newTokens } : { sequences };
    return this.ask<Timing>({ do: VERBS[measure], times, ...input });
  }

  async close(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.stdin!.end();
    await gone;
  }
}
