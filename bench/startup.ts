// Seconds from the start of a process that knows nothing to the end of its first training step.
import { spawn } from 'node:child_process';
import { startEngine } from '../src/engine/client.ts';
import { median } from './compare.ts';
import { fullWeights } from './shapes.ts';
import { OPTIMIZER, peerEnvironment, type Workload } from './sides.ts';

const RUNS = 5;

export interface Startup {
  ours: number;
  peer: number | undefined;
  ratio: number | undefined;
}

/** What the process that is timed does: sequences from stdin, one step, "done". */
export async function firstStep(folder: string, threads: number): Promise<void> {
  const engineReady = startEngine();
  const sequences = JSON.parse(await readInput()) as number[][];
  const engine = await engineReady;
  const { id: model } = await engine.load({ folder, device: 'cpu', threads, trainable: { kind: 'full' } });
  await engine.forwardBackward({
    model,
    sequences: sequences.map((tokens) => ({ tokens, weights: fullWeights(tokens) })),
  });
  await engine.optimStep({ model, ...OPTIMIZER });
  process.stdout.write('done\n');
  await engine.dispose();
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Runs both sides in turn; a first run of each, which fills the file cache, is not counted. */
export async function compareStartup(
  work: Workload,
  python: { command: string; script: string } | undefined,
): Promise<Startup> {
  const threads = String(work.threads);
  const commands: [string, string[]][] = [
    [process.execPath, [process.argv[1]!, '--first-step', work.folder, '--threads', threads]],
  ];
  if (python) commands.push([python.command, [python.script, '--first-step', work.folder, threads]]);
  const samples: number[][] = [];
  for (let run = 0; run <= RUNS; run++) {
    const sample: number[] = [];
    for (const [command, args] of commands) sample.push(await secondsToDone(command, args, work));
    if (run > 0) samples.push(sample);
  }
  const column = (index: number) => median(samples.map((sample) => sample[index]!));
  if (!python) return { ours: column(0), peer: undefined, ratio: undefined };
  return { ours: column(0), peer: column(1), ratio: median(samples.map(([a, b]) => a! / b!)) };
}

async function secondsToDone(command: string, args: string[], work: Workload): Promise<number> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: peerEnvironment(work.threads) });
  child.stdin.end(JSON.stringify(work.sequences));
  let seconds: number | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('done')) seconds ??= (performance.now() - start) / 1000;
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (seconds === undefined)
    throw new Error(`${command} ended with code ${String(code)} before its first training step`);
  return seconds;
}
