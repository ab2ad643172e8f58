// npm run bench: our engine against PyTorch with transformers on the same shapes, alternately in one run. Without a Python
// that has torch our own numbers are printed alone.
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compare } from './compare.ts';
import { findPython, pythonRemedy, type Python } from './findPython.ts';
import { measureMemory } from './memory.ts';
import { describeMachine, formatTable, type Result } from './results.ts';
import { DECODING, randomSequences, SHAPE_NAMES, shapeOf, writeShape, type Shape, type ShapeName } from './shapes.ts';
import { startOurs, startPeer, type Measure, type Side, type Workload } from './sides.ts';
import { compareStartup, firstStep } from './startup.ts';

const USAGE = `npm run bench -- [options]

  --shapes LIST     of ${SHAPE_NAMES.join(',')} (default: all)
  --measures LIST   of train,scoring,decoding,startup,memory (default: all; the last two on the pocket shape only)
  --device NAME     cpu (default) or webgpu; the peer then runs on CUDA
  --threads N       compute threads of both sides (default: all cores)
  --no-peer         our numbers alone
  --json            one JSON object per line

Example: npm run bench -- --shapes pocket,6m --threads 2
The peer: ${pythonRemedy}.`;

const MEASURES = ['train', 'scoring', 'decoding', 'startup', 'memory'] as const;
type MeasureName = (typeof MEASURES)[number];

const root = path.resolve(import.meta.dirname, '..');
const peerScript = path.join(root, 'bench/peer.py');

interface Options {
  shapes: ShapeName[];
  measures: MeasureName[];
  device: 'cpu' | 'webgpu';
  threads: number;
  json: boolean;
}

function parseOptions(values: Record<string, string | boolean | undefined>): Options {
  const device = values.device ?? 'cpu';
  if (device !== 'cpu' && device !== 'webgpu') throw new Error(`--device ${String(device)}: cpu or webgpu`);
  const threads = Number(values.threads ?? os.availableParallelism());
  if (!Number.isInteger(threads) || threads < 1)
    throw new Error(`--threads ${String(values.threads)}: a number from 1`);
  return {
    shapes: parseList('--shapes', values.shapes, SHAPE_NAMES),
    measures: parseList('--measures', values.measures, MEASURES),
    device,
    threads,
    json: values.json === true,
  };
}

function parseList<T extends string>(option: string, value: string | boolean | undefined, known: readonly T[]): T[] {
  if (typeof value !== 'string') return [...known];
  return value.split(',').map((name) => {
    const found = known.find((candidate) => candidate === name.trim());
    if (!found) throw new Error(`${option}: ${name} is none of ${known.join(', ')}`);
    return found;
  });
}

/** Results are handed out as they come: the large shape takes minutes. */
type Report = (result: Result) => void;

const GOALS = { 'train step': '<= 1.0', scoring: '<= 0.67', decoding: '>= 1.2' };
const progress = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      shapes: { type: 'string' },
      measures: { type: 'string' },
      device: { type: 'string' },
      threads: { type: 'string' },
      json: { type: 'boolean' },
      'no-peer': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      // The process whose start is timed.
      'first-step': { type: 'string' },
    },
  });
  if (values.help) return void process.stdout.write(`${USAGE}\n`);
  const options = parseOptions(values);
  if (values['first-step'] !== undefined) return firstStep(values['first-step'], options.threads);
  const python = values['no-peer'] ? undefined : findPython(root);
  if (!python && !values['no-peer']) progress(`no Python with torch found, so there is no peer; ${pythonRemedy}`);
  const results: Result[] = [];
  const report: Report = (result) => {
    results.push(result);
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  };
  const load = os.loadavg()[0]!;
  if (load > 0.5) progress(`other work is running here (load ${load.toFixed(1)}): the numbers will be disturbed`);
  const temporary = await mkdtemp(path.join(os.tmpdir(), 'forgetting-lab-bench-'));
  cleanUpWhenStopped(temporary);
  try {
    for (const name of options.shapes) await measureShape(shapeOf(name, root), temporary, python, options, report);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  if (options.json) return;
  const lines = describeMachine(root, options.threads, python?.versions);
  lines.push(`Load average when it began: ${load.toFixed(1)}`);
  process.stdout.write(`${formatTable(results)}\n\n${lines.join('\n')}\n`);
}

/** The weights of the large shape take half a gigabyte: they do not stay behind. Both sides end with this process. */
function cleanUpWhenStopped(temporary: string): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      rmSync(temporary, { recursive: true, force: true });
      process.exit(1);
    });
  }
}

async function measureShape(
  shape: Shape,
  temporary: string,
  python: Python | undefined,
  options: Options,
  report: Report,
): Promise<void> {
  const folder = path.join(temporary, shape.name);
  const parameters = await writeShape(shape, folder);
  progress(`${shape.name}: ${(parameters / 1e6).toFixed(2)} M parameters`);
  const vocabulary = shape.config.vocab_size as number;
  const { sequences, tokens } = shape.batch;
  const work: Workload = {
    folder,
    threads: options.threads,
    device: options.device,
    sequences: randomSequences(1, sequences, () => tokens, vocabulary),
    prompts: randomSequences(2, DECODING.sequences, () => DECODING.promptTokens, vocabulary),
    newTokens: DECODING.newTokens,
  };
  await measureSides(shape, work, python, options, report);
  if (shape.name !== 'pocket') return;
  if (options.measures.includes('startup') && options.device === 'cpu')
    await reportStartup(shape, work, python, report);
  if (options.measures.includes('memory')) await reportMemory(shape, work, vocabulary, report);
  await rm(folder, { recursive: true, force: true });
}

async function measureSides(
  shape: Shape,
  work: Workload,
  python: Python | undefined,
  options: Options,
  report: Report,
): Promise<void> {
  // Training comes last: it changes the weights.
  const all: [MeasureName, Measure][] = [
    ['scoring', 'scoring'],
    ['decoding', 'decoding'],
    ['train', 'train step'],
  ];
  const wanted = all.filter(([name]) => options.measures.includes(name));
  if (wanted.length === 0) return;
  const ours = await startOurs(work);
  const peer =
    python &&
    (await startPeer(python.command, peerScript, work).catch((error: Error) => progress(`no peer: ${error.message}`)));
  progress(`${shape.name}: ours on ${ours.device}${peer ? `, peer on ${peer.device}` : ''}`);
  try {
    for (const [, measure] of wanted) report(await measureOne(shape, measure, ours, peer || undefined));
  } finally {
    await ours.close();
    if (peer) await peer.close();
  }
}

async function measureOne(shape: Shape, measure: Measure, ours: Side, peer: Side | undefined): Promise<Result> {
  progress(`${shape.name}: ${measure}`);
  const comparison = await compare(measure, ours, peer);
  const common = { shape: shape.name, measure, goal: GOALS[measure] };
  if (measure === 'decoding') {
    const tokens = DECODING.sequences * DECODING.newTokens;
    const rate = (seconds: number | undefined) => (seconds === undefined ? null : tokens / seconds);
    const ratio = comparison.ratio === undefined ? null : 1 / comparison.ratio;
    return {
      ...common,
      ours: rate(comparison.ours)!,
      peer: rate(comparison.peer),
      ratio,
      better: 'higher',
      unit: 'tokens/s',
    };
  }
  const milliseconds = (seconds: number | undefined) => (seconds === undefined ? null : 1000 * seconds);
  const note = measure === 'train step' ? describeParts(ours) : undefined;
  return {
    ...common,
    ours: 1000 * comparison.ours,
    peer: milliseconds(comparison.peer),
    ratio: comparison.ratio ?? null,
    better: 'lower',
    unit: 'ms',
    ...(note ? { note } : {}),
  };
}

function describeParts({ parts }: Side): string | undefined {
  const entries = [...(parts ?? [])];
  const total = entries.reduce((sum, [, seconds]) => sum + seconds, 0);
  return entries.map(([name, seconds]) => `${name} ${Math.round((100 * seconds) / total)}%`).join(', ') || undefined;
}

async function reportStartup(shape: Shape, work: Workload, python: Python | undefined, report: Report): Promise<void> {
  progress(`${shape.name}: first training step`);
  const { ours, peer, ratio } = await compareStartup(work, python && { command: python.command, script: peerScript });
  report({
    shape: shape.name,
    measure: 'start to first step',
    ours,
    peer: peer ?? null,
    ratio: ratio ?? null,
    better: 'lower',
    unit: 's',
    goal: 'ours <= 1.5 s',
  });
}

async function reportMemory(shape: Shape, work: Workload, vocabulary: number, report: Report): Promise<void> {
  progress(`${shape.name}: memory`);
  const course = await measureMemory(work, vocabulary);
  if (!course) return progress('memory of the engine process cannot be read here');
  const mebibytes = (bytes: number) => bytes / 2 ** 20;
  const [first, last] = [course.first, course.last].map((bytes) => mebibytes(bytes).toFixed(1));
  report({
    shape: shape.name,
    measure: `memory over ${course.steps} steps`,
    ours: mebibytes(course.max),
    peer: null,
    ratio: course.max / course.min,
    better: 'lower',
    unit: 'MiB',
    goal: 'max/min <= 1.01',
    note: `min ${mebibytes(course.min).toFixed(1)}, start ${first}, end ${last} MiB`,
  });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
