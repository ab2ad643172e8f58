// The compact side of a comparison: for every prompt of a dataset where the answer of one source lies, and a few numbers.
// About fifty bytes a row, so that a hundred thousand rows are a few megabytes.
import { createDropCounter } from '../../data/dropCounter.ts';
import type { DatasetFormat } from '../../data/examples.ts';
import type { ExamplePlace } from '../../data/rowFile.ts';
import { TargetStatisticsAccumulator } from '../../metrics/perplexity.ts';
import type { Provenance } from '../../shared/dataset.ts';
import type { ErrorWords } from '../../shared/errors.ts';
import type { Words } from '../../shared/phrase.ts';
import type { TargetSourceSpec, TargetSourceState } from '../../shared/protocol/lab/targetDiff.ts';
import type { TargetStatistics } from '../../shared/records.ts';
import { ReasonCounts } from '../reasonCounts.ts';

const provenances: readonly Provenance[] = [
  'ground_truth',
  'native',
  'self_output',
  'rephrase',
  'other_model',
  'replay',
  'pseudo_replay',
  'safety',
];

/** What is known of an answer's perplexity. `recorded`: the file says so, under the model that made the file. */
export type ScoreState = 'none' | 'scored' | 'unscorable' | 'recorded';
const scoreStates: readonly ScoreState[] = ['none', 'scored', 'unscorable', 'recorded'];

/** What alignment found out about an answer. */
export interface FoundAnswer {
  place: ExamplePlace;
  provenance: Provenance;
  /** Equal for equal answers (and, for practical purposes, only then). */
  hash: number;
  /** Equal for equal prompts; of the dataset's own answers only, by which its rows are found again. */
  prompt?: number;
  /** Natural logarithms that the file recorded. */
  logprobs?: readonly number[];
  maskedTokens?: number;
}

/** Answers of one source, by row of the dataset. */
export class SourceTable {
  readonly spec: TargetSourceSpec;
  readonly label: string;
  /** The file its places belong to. */
  readonly file: string;
  format: DatasetFormat | undefined;
  /** Why its file cannot be read. */
  failure: ErrorWords | undefined;
  unmatched = 0;
  readonly dropped = createDropCounter();
  /** Prompts it has an answer to. */
  items = 0;
  /** Answers whose score is known, or known not to be possible. */
  scoredOrNot = 0;
  private capacity = 0;
  private offsets = new Float64Array(0);
  private hashes = new Float64Array(0);
  private prompts = new Float64Array(0);
  private lengths = new Uint32Array(0);
  private lines = new Uint32Array(0);
  private origins = new Uint8Array(0);
  private states = new Uint8Array(0);
  private perplexities = new Float32Array(0);
  private tokenCounts = new Uint32Array(0);
  private verdicts = new Float32Array(0);
  private readonly originCounts = new Map<Provenance, number>();
  private statistics = new TargetStatisticsAccumulator();
  private recorded: TargetStatistics | undefined;
  private unscorable = new ReasonCounts();
  private unscorableReasons = new Map<number, Words>();
  private judged = 0;
  private accepted = 0;
  private tokensWithMask = 0;
  private tokensMasked = 0;

  constructor(spec: TargetSourceSpec, label: string, file: string) {
    this.spec = spec;
    this.label = label;
    this.file = file;
  }

  add(row: number, answer: FoundAnswer): void {
    this.grow(row + 1);
    const { place, provenance, hash, logprobs } = answer;
    this.offsets[row] = place.place.offset;
    this.lengths[row] = place.place.length;
    this.lines[row] = place.line;
    this.hashes[row] = hash;
    this.prompts[row] = answer.prompt ?? NaN;
    this.origins[row] = provenances.indexOf(provenance);
    this.items++;
    this.originCounts.set(provenance, (this.originCounts.get(provenance) ?? 0) + 1);
    if (!logprobs || logprobs.length === 0) return;
    this.keepScore(row, logprobs, 'recorded');
    this.tokensWithMask += logprobs.length;
    this.tokensMasked += answer.maskedTokens ?? 0;
  }

  /** Probabilities that another file recorded of the same answer. */
  addRecorded(row: number, logprobs: readonly number[]): void {
    if (logprobs.length > 0 && this.scoreState(row) === 'none') this.keepScore(row, logprobs, 'recorded');
  }

  has(row: number): boolean {
    return row < this.capacity && (this.lines[row] as number) > 0;
  }

  place(row: number): ExamplePlace {
    const [offset, length] = [this.offsets[row] as number, this.lengths[row] as number];
    return { place: { offset, length }, line: this.line(row) };
  }

  line(row: number): number {
    return this.lines[row] as number;
  }

  hash(row: number): number {
    return this.hashes[row] as number;
  }

  /** Equal for rows of the dataset with equal prompts and answers. */
  rowKey(row: number): string {
    return `${this.prompts[row]} ${this.hashes[row]}`;
  }

  provenance(row: number): Provenance {
    return provenances[this.origins[row] as number] as Provenance;
  }

  scoreState(row: number): ScoreState {
    return this.has(row) ? (scoreStates[this.states[row] as number] as ScoreState) : 'none';
  }

  /** Perplexity, or undefined when it is not known. */
  perplexity(row: number): number | undefined {
    const state = this.scoreState(row);
    return state === 'scored' || state === 'recorded' ? this.perplexities[row] : undefined;
  }

  tokens(row: number): number {
    return this.tokenCounts[row] as number;
  }

  problem(row: number): Words | undefined {
    return this.unscorableReasons.get(row);
  }

  /** Strict score, or undefined before it was judged. */
  verdict(row: number): number | undefined {
    const value = this.has(row) ? (this.verdicts[row] as number) : NaN;
    return Number.isNaN(value) ? undefined : value;
  }

  /**
   * Forgets all scores, recorded ones too: another model's numbers must not stand beside them. What was recorded of all
   * answers is told until the first model has scored them.
   */
  resetScores(): void {
    const whole = this.scoredOrNot === 0 && this.items > 0 && this.statistics.items === this.items;
    this.recorded = whole ? this.statistics.finish() : undefined;
    this.states.fill(0);
    this.scoredOrNot = 0;
    this.statistics = new TargetStatisticsAccumulator();
    this.unscorable = new ReasonCounts();
    this.unscorableReasons = new Map();
  }

  setScore(row: number, score: { logprobs: readonly number[] } | { reason: Words }): void {
    if (this.scoreState(row) !== 'none') return;
    this.scoredOrNot++;
    if ('logprobs' in score) {
      this.keepScore(row, score.logprobs, 'scored');
      return;
    }
    this.states[row] = scoreStates.indexOf('unscorable');
    this.unscorable.add(score.reason);
    this.unscorableReasons.set(row, score.reason);
  }

  resetVerdicts(): void {
    this.verdicts.fill(NaN);
    this.judged = 0;
    this.accepted = 0;
  }

  setVerdict(row: number, strict: number): void {
    if (this.verdict(row) !== undefined) return;
    this.verdicts[row] = strict;
    this.judged++;
    this.accepted += strict;
  }

  /** `rows`: prompts of the dataset. */
  describe(rows: number): TargetSourceState {
    const [commonest] = [...this.originCounts].sort((a, b) => b[1] - a[1]);
    return {
      spec: this.spec,
      label: this.label,
      ...(this.failure ? { failure: this.failure } : {}),
      provenance: commonest?.[0] ?? 'ground_truth',
      items: this.items,
      unmatched: this.unmatched,
      missing: rows - this.items,
      dropped: this.dropped.reasons(),
      scored: this.statistics.items,
      ...(this.statistics.items > 0 ? { statistics: this.statistics.finish() } : {}),
      ...(this.recorded && this.scoredOrNot < this.items ? { recorded: this.recorded } : {}),
      unscorable: this.unscorable.list(),
      ...(this.judged > 0 ? { verified: { judged: this.judged, accepted: this.accepted } } : {}),
      ...(this.tokensMasked > 0 ? { maskedShare: this.tokensMasked / this.tokensWithMask } : {}),
    };
  }

  private keepScore(row: number, logprobs: readonly number[], state: ScoreState): void {
    this.states[row] = scoreStates.indexOf(state);
    this.perplexities[row] = this.statistics.add(logprobs);
    this.tokenCounts[row] = logprobs.length;
  }

  private grow(rows: number): void {
    if (rows <= this.capacity) return;
    const capacity = Math.max(rows, 2 * this.capacity, 1024);
    const longer = <T extends { set(from: T): void }>(array: T, make: (length: number) => T): T => {
      const grown = make(capacity);
      grown.set(array);
      return grown;
    };
    this.offsets = longer(this.offsets, (length) => new Float64Array(length));
    this.hashes = longer(this.hashes, (length) => new Float64Array(length));
    this.prompts = longer(this.prompts, (length) => new Float64Array(length));
    this.lengths = longer(this.lengths, (length) => new Uint32Array(length));
    this.lines = longer(this.lines, (length) => new Uint32Array(length));
    this.origins = longer(this.origins, (length) => new Uint8Array(length));
    this.states = longer(this.states, (length) => new Uint8Array(length));
    this.perplexities = longer(this.perplexities, (length) => new Float32Array(length));
    this.tokenCounts = longer(this.tokenCounts, (length) => new Uint32Array(length));
    this.verdicts = longer(this.verdicts, (length) => new Float32Array(length).fill(NaN));
    this.capacity = capacity;
  }
}
