// Scores of rows: only what is in sight is asked for, a few rows at a time, and cancelled when all of them have gone.
import type { DatasetViewScore } from '../../src/shared/protocol/lab/datasetView.ts';
import { isAbort } from '../ui/host.ts';

/** Rows of one request: few, so that the first numbers come soon and little is computed for nobody. */
const atOnce = 8;
/** Rows whose tokens are kept. */
const mostKept = 1500;

export interface ScoreHooks {
  fetch(rows: number[], signal: AbortSignal): Promise<DatasetViewScore[]>;
  changed(): void;
  /** Nothing is asked for any more until `clear`. */
  failed(error: unknown): void;
}

export class RowScores {
  private readonly hooks: ScoreHooks;
  private readonly scores = new Map<number, DatasetViewScore>();
  private wanted: readonly number[] = [];
  private going: { rows: readonly number[]; abort: AbortController } | undefined;
  private broken = false;

  constructor(hooks: ScoreHooks) {
    this.hooks = hooks;
  }

  score(row: number): DatasetViewScore | undefined {
    return this.scores.get(row);
  }

  /** Whether a score of the row is being computed, or will be. */
  expected(row: number): boolean {
    return !this.broken && this.wanted.includes(row) && !this.scores.has(row);
  }

  get failed(): boolean {
    return this.broken;
  }

  /** The rows that somebody looks at, most urgent first. */
  want(rows: readonly number[]): void {
    this.wanted = rows;
    if (this.going && !this.going.rows.some((row) => rows.includes(row))) {
      this.going.abort.abort();
      this.going = undefined;
    }
    this.next();
  }

  /** Forgets everything: another model, another file. */
  clear(): void {
    this.going?.abort.abort();
    this.going = undefined;
    this.wanted = [];
    this.scores.clear();
    this.broken = false;
  }

  private next(): void {
    if (this.going || this.broken) return;
    const rows = this.wanted.filter((row) => !this.scores.has(row)).slice(0, atOnce);
    if (rows.length > 0) void this.load(rows);
  }

  private async load(rows: number[]): Promise<void> {
    const going = { rows, abort: new AbortController() };
    this.going = going;
    try {
      const scores = await this.hooks.fetch(rows, going.abort.signal);
      if (this.going !== going) return;
      for (const row of rows) this.scores.set(row, scores.find((score) => score.row === row) ?? { row });
      for (const oldest of this.scores.keys()) {
        if (this.scores.size <= mostKept) break;
        this.scores.delete(oldest);
      }
    } catch (error) {
      if (isAbort(error) || this.going !== going) return;
      this.broken = true;
      this.hooks.failed(error);
    }
    this.going = undefined;
    this.hooks.changed();
    this.next();
  }
}
