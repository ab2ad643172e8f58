// Keeps what a run folder holds in memory and up to date: every file is read from where the last reading ended. Of the
// training steps only the newest of every stage is kept; whoever draws curves reads them piece by piece.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { configFile, readRunConfig, recordFiles, recordKey } from '../runs/runFolder.ts';
import { readRecords, recordKinds } from '../runs/readRecords.ts';
import type { RecordKind } from '../runs/readRecords.ts';
import type { CellRecord, DriftRecord, MetricRecord, RunConfig, RunData, TargetRecord } from '../shared/records.ts';

/** A run without its training steps: those of a long run are too many to keep. */
export type RunRecords = Omit<RunData, 'metrics' | 'probes'> & {
  /** The newest step of every stage of every trial. */
  lastSteps: MetricRecord[];
};

/** Kinds that are kept whole; the others are many. */
const keptKinds = recordKinds.filter((kind) => kind !== 'probe');

interface Position {
  bytes: number;
  lines: number;
}

export class RunReader {
  readonly folder: string;
  private config: RunConfig | undefined;
  private configStamp = '';
  private positions = new Map<RecordKind, Position>();
  private records = empty();
  private reading: Promise<RunRecords> | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Reads what was added since the last call and gives everything. Throws when the configuration cannot be read. */
  read(): Promise<RunRecords> {
    this.reading ??= this.readOn().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readOn(): Promise<RunRecords> {
    await this.readConfig();
    for (const kind of keptKinds) await this.readKind(kind);
    const { status, cells, targets, drift, checkpoints, log, lastSteps, damagedLines } = this.records;
    return {
      folder: this.folder,
      config: this.config as RunConfig,
      status: status.at(-1),
      cells: [...cells.values()],
      targets: [...targets.values()],
      drift: [...drift.values()],
      checkpoints: [...checkpoints],
      log: [...log],
      lastSteps: [...lastSteps.values()],
      damagedLines: [...damagedLines],
    };
  }

  private async readConfig(): Promise<void> {
    const info = await stat(join(this.folder, configFile)).catch(() => undefined);
    const stamp = info ? `${info.ino} ${info.size} ${info.mtimeMs}` : 'gone';
    if (this.config !== undefined && stamp === this.configStamp) return;
    this.config = await readRunConfig(this.folder);
    this.configStamp = stamp;
    this.forget();
  }

  private forget(): void {
    this.positions = new Map();
    this.records = empty();
  }

  private async readKind(kind: RecordKind): Promise<void> {
    for (;;) {
      const { bytes, lines } = this.positions.get(kind) ?? { bytes: 0, lines: 0 };
      const piece = await readRecords(this.folder, kind, bytes);
      if (piece.restarted) {
        // Another file under the same name: nothing known about the run holds any more.
        this.forget();
        for (const other of keptKinds) await this.readKind(other);
        return;
      }
      const file = recordFiles[kind];
      this.records.damagedLines.push(...piece.damaged.map((line) => ({ file, line: lines + line + 1 })));
      for (const record of piece.records) keep(this.records, record);
      this.positions.set(kind, { bytes: piece.next, lines: lines + piece.lines });
      if (!piece.more) return;
    }
  }
}

interface Kept {
  status: NonNullable<RunData['status']>[];
  cells: Map<string, CellRecord>;
  targets: Map<string, TargetRecord>;
  drift: Map<string, DriftRecord>;
  checkpoints: RunData['checkpoints'];
  log: RunData['log'];
  lastSteps: Map<string, MetricRecord>;
  damagedLines: RunData['damagedLines'];
}

function empty(): Kept {
  return {
    status: [],
    cells: new Map(),
    targets: new Map(),
    drift: new Map(),
    checkpoints: [],
    log: [],
    lastSteps: new Map(),
    damagedLines: [],
  };
}

function keep(kept: Kept, record: Awaited<ReturnType<typeof readRecords>>['records'][number]): void {
  switch (record.kind) {
    case 'status':
      kept.status = [record];
      return;
    case 'cell':
      kept.cells.set(recordKey(record), record);
      return;
    case 'targets':
      kept.targets.set(recordKey(record), record);
      return;
    case 'drift':
      kept.drift.set(recordKey(record), record);
      return;
    case 'checkpoint':
      kept.checkpoints.push(record);
      return;
    case 'log':
      kept.log.push(record);
      return;
    case 'metric':
      kept.lastSteps.set(JSON.stringify([record.arm, record.lr, record.seed, record.stage]), record);
      return;
    case 'probe':
      return;
    default:
      record satisfies never;
  }
}
