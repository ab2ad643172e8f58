// The one typed reader and writer of run folders: no other file knows the names in them. Records are appended to JSON
// Lines files, one write per line; whole files appear at once. Damaged lines are counted, never hidden.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeRows } from '../data/writeRows.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type {
  CellRecord,
  CheckpointRecord,
  DriftRecord,
  ItemResult,
  LogRecord,
  MetricRecord,
  ProbeRecord,
  RunConfig,
  RunData,
  StatusRecord,
  TargetRecord,
  TrialKey,
} from '../shared/records.ts';
import {
  appendJsonLine,
  fileError,
  parseJsonLines,
  readJsonLines,
  readSmallFile,
  repairJsonLines,
  writeTextAtomically,
} from './files.ts';
import { checkedRunConfig } from './runConfig.ts';

/** Everything that is appended to a run. */
export type RunRecord =
  StatusRecord | CellRecord | MetricRecord | TargetRecord | CheckpointRecord | DriftRecord | ProbeRecord | LogRecord;

export const configFile = 'config.json';
export const planFile = 'plan.json';

/** The file of every kind of record. */
export const recordFiles: { readonly [Kind in RunRecord['kind']]: string } = {
  status: 'status.jsonl',
  cell: 'cells.jsonl',
  metric: 'metrics.jsonl',
  targets: 'targets.jsonl',
  checkpoint: 'checkpoints.jsonl',
  drift: 'drift.jsonl',
  probe: 'probes.jsonl',
  log: 'log.jsonl',
};

/** A name for a new run: experiment, local date and time, four random characters. */
export function newRunId(experiment: string, now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${slug(experiment)}-${day}-${two(now.getHours())}${two(now.getMinutes())}-${randomBytes(2).toString('hex')}`;
}

/** A short file name for a word of a person: lower case letters, digits and dashes. */
export function slug(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return plain.slice(0, 40) || 'x';
}

/** The folder name of a trial inside `items/`, `checkpoints/` and `state/`; `armIndex` keeps similar names apart. */
export function trialFolder(key: TrialKey, armIndex: number): string {
  return `${String(armIndex + 1).padStart(2, '0')}-${slug(key.arm)}-lr${key.lr}-seed${key.seed}`;
}

/** Creates the folder of a new run with its configuration. Refuses a folder that already holds a run. */
export async function createRunFolder(folder: string, config: RunConfig): Promise<void> {
  if (isRunFolder(folder)) {
    throw new LabError('run-invalid', phrase('{0} already holds a run', folder), {
      remedy: phrase('Continue it with `forgetting-lab resume {0}`, or choose another folder with --out', folder),
    });
  }
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw fileError(error, 'write', folder);
  }
  await writeTextAtomically(join(folder, configFile), `${JSON.stringify(config, null, 2)}\n`);
}

/** Whether a folder holds a run. Model folders have a config.json as well, so the name alone does not tell. */
export function isRunFolder(folder: string): boolean {
  const text = readSmallFile(join(folder, configFile));
  if (text !== undefined && /"formatVersion"\s*:/.test(text)) return true;
  // A run whose configuration is damaged, cannot be read or is gone is still told by its records.
  const status = join(folder, recordFiles.status);
  return text === undefined ? /"kind"\s*:\s*"status"/.test(readSmallFile(status) ?? '') : existsSync(status);
}

/**
 * The least that a list needs of a run: its configuration and newest status. Throws `run-invalid` when there is no
 * configuration that can be read.
 */
export function glanceRun(folder: string): Pick<RunData, 'folder' | 'config' | 'status'> {
  const file = join(folder, configFile);
  const config = parseConfig(readSmallFile(file) ?? '', file);
  const lines = parseJsonLines(readSmallFile(join(folder, recordFiles.status)) ?? '');
  const status = lines.values.findLast((value) => isRecord(value, 'status')) as StatusRecord | undefined;
  return { folder, config, status };
}

/** Appends one record to its file. */
export async function appendRecord(folder: string, record: RunRecord): Promise<void> {
  await appendJsonLine(join(folder, recordFiles[record.kind]), record);
}

/** Closes lines that a crash cut; call before appending to an existing run. */
export async function repairRun(folder: string): Promise<void> {
  for (const file of Object.values(recordFiles)) await repairJsonLines(join(folder, file));
}

/** Writes the judged answers of a cell. Must be there before the cell is appended. */
export async function writeItems(folder: string, path: string, items: readonly ItemResult[]): Promise<void> {
  await writeRows(join(folder, path), items);
}

/** Reads the judged answers of a cell. */
export async function readItems(folder: string, cell: CellRecord): Promise<ItemResult[]> {
  const file = join(folder, cell.items);
  const { values, damaged } = await readJsonLines(file);
  if (damaged.length > 0 || values.length !== cell.n) {
    throw new LabError('run-invalid', phrase('{0} holds {1} readable items of {2}', file, values.length, cell.n), {
      remedy: phrase(
        'The file was damaged after the run; remove the cell from cells.jsonl and resume to measure it again',
      ),
    });
  }
  return values as ItemResult[];
}

/** Reads the configuration of a run. Throws `run-invalid` where it is not one. */
export async function readRunConfig(folder: string): Promise<RunConfig> {
  const file = join(folder, configFile);
  let text: string;
  try {
    // What is no plain file (a pipe, say) could keep its reader waiting for ever.
    if (!(await stat(file)).isFile()) throw notAFile(file);
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      throw new LabError('run-invalid', phrase('{0} is not a run folder: it has no {1}', folder, configFile), {
        remedy: phrase('`forgetting-lab list` shows the runs there are'),
      });
    }
    throw fileError(error, 'read', file);
  }
  return checkedRunConfig(parseConfig(text, file), file);
}

function notAFile(file: string): LabError {
  return new LabError('run-invalid', phrase('{0} is not a file', file), {
    remedy: phrase('Put the configuration of the run in its place'),
  });
}

/** The configuration as far as a list needs it; only `checkedRunConfig` looks at everything in it. */
function parseConfig(text: string, file: string): RunConfig {
  let config: Partial<RunConfig> | null;
  try {
    config = JSON.parse(text) as Partial<RunConfig> | null;
  } catch (error) {
    throw new LabError('run-invalid', phrase('{0} is not JSON', file), {
      remedy: phrase('Start a new run'),
      cause: error,
    });
  }
  if (config?.formatVersion !== 1 || !config.experiment || !Array.isArray(config.arms)) {
    throw new LabError('run-invalid', phrase('{0} is not the configuration of a run in format 1', file), {
      remedy: phrase('Read it with the version of forgetting-lab that wrote it'),
    });
  }
  return config as RunConfig;
}

/** Reads everything in a run folder. A last line that is still being written is left for the next reading. */
export async function readRun(folder: string): Promise<RunData> {
  const config = await readRunConfig(folder);
  const damagedLines: RunData['damagedLines'] = [];
  const records = async <Kind extends RunRecord['kind']>(kind: Kind): Promise<Extract<RunRecord, { kind: Kind }>[]> => {
    const file = recordFiles[kind];
    const { values, damaged } = await readJsonLines(join(folder, file));
    damagedLines.push(...damaged.map((line) => ({ file, line })));
    return values.filter((value) => isRecord(value, kind)) as Extract<RunRecord, { kind: Kind }>[];
  };
  const status = await records('status');
  return {
    folder,
    config,
    status: status.at(-1),
    cells: lastOf(await records('cell')),
    metrics: lastOf(await records('metric')),
    targets: lastOf(await records('targets')),
    checkpoints: await records('checkpoint'),
    drift: lastOf(await records('drift')),
    probes: lastOf(await records('probe')),
    log: await records('log'),
    damagedLines,
  };
}

/** Whether a parsed line is a record of a kind. */
export function isRecord(value: unknown, kind: string): boolean {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === kind;
}

/** What a record is about: a later record of the same kind with the same key replaces an earlier one. */
export function recordKey(record: CellRecord | MetricRecord | TargetRecord | DriftRecord | ProbeRecord): string {
  const { arm, seed, stage } = record;
  switch (record.kind) {
    case 'cell':
      return JSON.stringify([arm, record.lr, seed, stage, record.benchmark]);
    case 'targets':
      return JSON.stringify([arm, seed, stage]);
    case 'drift':
      return JSON.stringify([arm, record.lr, seed, stage, record.text]);
    case 'metric':
    case 'probe':
      return JSON.stringify([arm, record.lr, seed, stage, record.step]);
    default:
      return record satisfies never;
  }
}

/** One record per key, in order of first appearance. */
function lastOf<T extends Parameters<typeof recordKey>[0]>(records: readonly T[]): T[] {
  const byKey = new Map<string, T>();
  for (const record of records) byKey.set(recordKey(record), record);
  return [...byKey.values()];
}

/** Removes a folder of saved weights inside a run. */
export async function removeSaved(folder: string, path: string): Promise<void> {
  await rm(join(folder, path), { recursive: true, force: true });
}
