// Resident memory of the engine process over many training steps on batches of changing lengths, as real training has them.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { startEngine } from '../src/engine/client.ts';
import { fullWeights, randomSequences } from './shapes.ts';
import { OPTIMIZER, type Workload } from './sides.ts';

const STEPS = 1000;
/** Samples before this step are warm-up. */
const WARM_STEPS = 100;
const SAMPLE_EVERY = 10;
const SHORTEST = 24;

export interface MemoryCourse {
  steps: number;
  /** Bytes, over the samples after the warm-up. */
  min: number;
  max: number;
  /** Median of the first and of the last tenth of those samples: their difference is growth, min and max are also noise. */
  first: number;
  last: number;
}

/** Undefined where the memory of another process cannot be read. */
export async function measureMemory(work: Workload, vocabulary: number): Promise<MemoryCourse | undefined> {
  const engine = await startEngine();
  try {
    const pid = engineProcess();
    if (pid === undefined) return undefined;
    const { id: model } = await engine.load({
      folder: work.folder,
      device: work.device,
      threads: work.threads,
      trainable: { kind: 'full' },
    });
    const samples: number[] = [];
    for (let step = 1; step <= STEPS; step++) {
      const longest = work.sequences[0]!.length;
      const lengthOf = (index: number) => SHORTEST + ((step * 37 + index * 11) % (longest - SHORTEST + 1));
      const sequences = randomSequences(step, work.sequences.length, lengthOf, vocabulary);
      await engine.forwardBackward({
        model,
        sequences: sequences.map((tokens) => ({ tokens, weights: fullWeights(tokens) })),
      });
      await engine.optimStep({ model, ...OPTIMIZER });
      if (step > WARM_STEPS && step % SAMPLE_EVERY === 0) samples.push(residentBytes(pid));
    }
    const tenth = Math.ceil(samples.length / 10);
    const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
    return {
      steps: STEPS,
      min: Math.min(...samples),
      max: Math.max(...samples),
      first: middle(samples.slice(0, tenth)),
      last: middle(samples.slice(-tenth)),
    };
  } finally {
    await engine.dispose();
  }
}

/** The only child that this process has just now. */
function engineProcess(): number | undefined {
  if (process.platform !== 'linux') {
    const rows = processTable();
    return rows.find((row) => row.parent === process.pid && row.command.includes('engine.js'))?.pid;
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).find((pid) => {
    try {
      // "pid (name) state ppid ...": the name may hold anything, so count from its closing parenthesis.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
      return Number(fields[1]) === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('engine.js');
    } catch {
      return false; // it ended while we looked
    }
  });
}

function processTable(): { pid: number; parent: number; command: string }[] {
  if (process.platform === 'win32') return [];
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [pid, parent, ...command] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), command: command.join(' ') };
  });
}

function residentBytes(pid: number): number {
  if (process.platform !== 'linux')
    return 1024 * Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }));
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1];
  return 1024 * Number(kilobytes);
}
