// One open comparison: its tables, what is going on with them, and who is told.
import { basename, dirname } from 'node:path';
import { RowFile } from '../../data/rowFile.ts';
import { findScorer } from '../../evals/scorers.ts';
import { judgeTarget } from '../../lab/compareTargets.ts';
import type { PairVerifier } from '../../lab/compareTargets.ts';
import type { Example } from '../../shared/dataset.ts';
import { errorWords, LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { ErrorWords } from '../../shared/errors.ts';
import type { ComparisonState, TargetSourceSpec, TargetVerifier } from '../../shared/protocol/lab/targetDiff.ts';
import { slices } from '../../lab/slices.ts';
import { alignSources } from './align.ts';
import type { Arrangement } from './arrange.ts';
import { TargetChoices } from './choices.ts';
import { SourceTable } from './sourceTable.ts';
import { columnLabel, groundTruthLabel, otherAnswer } from './sources.ts';

/** Arrangements kept: the one on the screen and the one that replaces it. */
const arrangementsKept = 2;

export interface ComparisonOptions {
  id: string;
  dataset: string;
  sources: readonly TargetSourceSpec[];
  verifier?: TargetVerifier;
  /** What was chosen in the comparison whose place it takes. */
  before?: TargetChoices;
  /** Told after every change; the listener waits as it likes. */
  onChange: () => void;
}

export class Comparison {
  readonly id: string;
  readonly dataset: string;
  readonly tables: readonly SourceTable[];
  readonly choices: TargetChoices;
  readonly signal: AbortSignal;
  rows = 0;
  /** When it was last asked for, `performance.now()`. */
  askedAt = performance.now();
  scoring: ComparisonState['scoring'];
  /** Called after every change. */
  readonly changed: () => void;
  /** Resolves when the tables are filled; rejects with the reason why they cannot be. */
  readonly aligned: Promise<void>;
  private verifier: TargetVerifier | undefined;
  private state: ComparisonState['state'] = 'aligning';
  private failure: ErrorWords | undefined;
  private judging: AbortController | undefined;
  private readonly files = new Map<string, Promise<RowFile>>();
  private readonly ended = new AbortController();
  private readonly arrangements = new Map<number, Arrangement>();
  private lastView = 0;

  constructor({ id, dataset, sources, verifier, before, onChange }: ComparisonOptions) {
    this.id = id;
    this.dataset = dataset;
    this.verifier = verifier;
    this.changed = onChange;
    this.signal = this.ended.signal;
    this.tables = tablesFor(dataset, sources);
    this.choices = new TargetChoices(this.tables, () => this.verifier !== undefined, before);
    this.aligned = this.align();
    // Whoever waits hears the reason; the state tells it to those who do not.
    this.aligned.catch(() => undefined);
  }

  describe(): ComparisonState {
    return {
      id: this.id,
      dataset: this.dataset,
      rows: this.rows,
      state: this.state,
      ...(this.failure ? { failure: this.failure } : {}),
      sources: this.tables.map((table) => table.describe(this.rows)),
      ...(this.verifier ? { verifier: this.verifier } : {}),
      judging: this.judging !== undefined,
      ...(this.scoring ? { scoring: this.scoring } : {}),
    };
  }

  /** What is judged by now, for a comparison that takes this one's place. */
  get judgedBy(): TargetVerifier | undefined {
    return this.verifier;
  }

  /** Judges all answers anew in the background. Throws for an unknown scorer. */
  judge(verifier: TargetVerifier | undefined): void {
    const scorer = verifier && findScorer(verifier.scorer);
    this.judging?.abort();
    this.judging = undefined;
    this.verifier = verifier;
    for (const table of this.tables) table.resetVerdicts();
    if (verifier && scorer) {
      const running = new AbortController();
      this.judging = running;
      const signal = AbortSignal.any([running.signal, this.signal]);
      void this.judgeAll({ scorer, field: verifier.field }, signal).finally(() => {
        if (this.judging === running) this.judging = undefined;
        this.changed();
      });
    }
    this.changed();
  }

  /** The answer of a source to a row's prompt, undefined when it has none. */
  async example(table: SourceTable, row: number): Promise<Example | undefined> {
    const example = await this.read(table, row);
    return example && answerIn(table, example);
  }

  /** The answers of two sources; what both take from one row is read once. */
  async pair(left: SourceTable, right: SourceTable, row: number): Promise<(Example | undefined)[]> {
    const first = await this.read(left, row);
    const second = first && left.file === right.file && right.has(row) ? first : await this.read(right, row);
    return [first && answerIn(left, first), second && answerIn(right, second)];
  }

  /** Throws when one of the files is no longer the one that was read. */
  async checkFiles(): Promise<void> {
    for (const file of this.files.values()) await (await file).check();
  }

  keepArrangement(arrangement: Arrangement): number {
    const view = ++this.lastView;
    this.arrangements.set(view, arrangement);
    for (const old of this.arrangements.keys()) if (old <= view - arrangementsKept) this.arrangements.delete(old);
    return view;
  }

  arrangement(view: number): Arrangement {
    const found = this.arrangements.get(view);
    if (found) return found;
    throw new LabError('usage', phrase('This order of the rows is no longer kept'), {
      remedy: phrase('Arrange the rows again'),
    });
  }

  async close(): Promise<void> {
    this.ended.abort();
    const files = await Promise.allSettled(this.files.values());
    for (const file of files) if (file.status === 'fulfilled') await file.value.close();
    this.files.clear();
  }

  private async align(): Promise<void> {
    try {
      // The files are opened before they are read, so that a change in between shows.
      for (const table of this.tables) await this.openSource(table);
      await alignSources(this.tables, {
        pause: slices(),
        onRows: (rows) => {
          this.rows = rows;
          this.changed();
        },
        signal: this.signal,
      });
      for (const table of this.tables) if (table.failure) await this.letGo(table.file);
      await this.choices.takeOver(slices());
      this.state = 'ready';
      if (this.verifier) this.judge(this.verifier);
    } catch (error) {
      this.state = 'failed';
      this.failure = errorWords(error);
      throw error;
    } finally {
      this.changed();
    }
  }

  /** Judges the answers to one prompt now: somebody looks at them. */
  async judgeRow(row: number): Promise<void> {
    const { verifier } = this;
    if (!verifier || this.tables.every((table) => !table.has(row) || table.verdict(row) !== undefined)) return;
    await this.judgeWith({ scorer: findScorer(verifier.scorer), field: verifier.field }, row, this.signal);
  }

  private async judgeAll(verifier: PairVerifier, signal: AbortSignal): Promise<void> {
    const pause = slices();
    for (let row = 0; row < this.rows && !signal.aborted; row++) {
      await pause();
      await this.judgeWith(verifier, row, signal);
      this.changed();
    }
  }

  private async judgeWith(verifier: PairVerifier, row: number, signal: AbortSignal): Promise<void> {
    const [first] = this.tables;
    const truth = first && (await this.example(first, row));
    if (!truth) return;
    for (const table of this.tables) {
      if (table.verdict(row) !== undefined) continue;
      const target = table.file === first.file ? answerIn(table, truth) : await this.example(table, row);
      const wanted = !signal.aborted && this.judgesWith(verifier);
      if (target && table.has(row) && wanted) table.setVerdict(row, judgeTarget(target, truth, verifier));
    }
  }

  /** False once somebody has chosen another verifier meanwhile. */
  private judgesWith({ scorer, field }: PairVerifier): boolean {
    return this.verifier?.scorer === scorer.id && this.verifier.field === field;
  }

  /** The row as its file has it, undefined where the source has no answer. */
  private async read(table: SourceTable, row: number): Promise<Example | undefined> {
    if (!table.has(row) || table.format === undefined) return undefined;
    const file = await this.open(table.file);
    return file.example(table.place(row), table.format);
  }

  private async openSource(table: SourceTable): Promise<void> {
    try {
      await this.open(table.file);
    } catch (error) {
      if (table.spec.kind !== 'file' || !(error instanceof LabError)) throw error;
      table.failure = error.words;
    }
  }

  /** Nothing is read from the file any more: it may change as it likes. */
  private async letGo(file: string): Promise<void> {
    const opened = this.files.get(file);
    this.files.delete(file);
    const [opening] = await Promise.allSettled([opened]);
    if (opening.status === 'fulfilled') await opening.value?.close();
  }

  private open(file: string): Promise<RowFile> {
    const known = this.files.get(file);
    if (known) return known;
    this.signal.throwIfAborted();
    const opening = RowFile.open(file);
    this.files.set(file, opening);
    return opening;
  }
}

/** The row with the answer that the source takes from it. */
function answerIn({ spec }: SourceTable, example: Example): Example | undefined {
  return spec.kind === 'column' ? otherAnswer(example, spec.column) : example;
}

function tablesFor(dataset: string, sources: readonly TargetSourceSpec[]): SourceTable[] {
  const truth = sources.find(({ kind }) => kind === 'dataset') ?? { kind: 'dataset' };
  const others = sources.filter(({ kind }) => kind !== 'dataset');
  const tables = [new SourceTable(truth, groundTruthLabel, dataset)];
  for (const spec of others) {
    const taken = new Set(tables.map(({ label }) => label.toLowerCase()));
    const file = spec.kind === 'file' ? spec.file : dataset;
    tables.push(new SourceTable(spec, freeLabel(labelOf(spec), file, taken), file));
  }
  return tables;
}

function labelOf(spec: TargetSourceSpec): string {
  if (spec.kind === 'dataset') return groundTruthLabel;
  return spec.kind === 'column'
    ? columnLabel(spec.column)
    : (spec.label ?? basename(spec.file).replace(/\.jsonl?$/, ''));
}

/** A label that no other source has, whatever the case: told apart by where the file lies, and then by number. */
function freeLabel(label: string, file: string, taken: ReadonlySet<string>): string {
  const place = `${label} (${basename(dirname(file))}/${basename(file)})`;
  const numbered = Array.from({ length: taken.size }, (_, k) => `${place} ${k + 2}`);
  return [label, place, ...numbered].find((one) => !taken.has(one.toLowerCase())) ?? place;
}
