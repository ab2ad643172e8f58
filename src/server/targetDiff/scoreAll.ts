// Scores all answers of a comparison under a model, those on the screen first. Only perplexities and lengths stay.
import type { Example } from '../../shared/dataset.ts';
import type { ScoringModel } from '../../shared/protocol/lab/datasets.ts';
import type { Comparison } from './comparison.ts';
import type { OpenScorer, ScoredOrNot, Scoring, ScoreResult } from './scoring.ts';
import type { SourceTable } from './sourceTable.ts';
import { errorWords } from '../../shared/errors.ts';

/** Rows whose answers are scored together. */
const rowsTogether = 16;
/** A page with texts waits so long for its tokens, milliseconds; what takes longer is told as a change. */
const momentMs = 50;
/** Pages that are looked at at a time; older ones have left the screen. */
const mostLooks = 3;
/** Scoring goes on so long after the last question of a panel; open ones ask more often. */
const patienceMs = 600_000;

interface Wanted {
  table: SourceTable;
  row: number;
  example: Example;
}

/** Scoring of one comparison; a new model replaces the one before. */
export class ComparisonScoring {
  private readonly comparison: Comparison;
  private readonly scoring: Scoring;
  private running: AbortController | undefined;
  private model: ScoringModel | undefined;
  private opened: OpenScorer | undefined;
  private looks: AbortController[] = [];

  constructor(comparison: Comparison, scoring: Scoring) {
    this.comparison = comparison;
    this.scoring = scoring;
  }

  /** Begins anew under a model and returns at once; the comparison's state tells how it goes. */
  start(model: ScoringModel): void {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.model = model;
    this.opened = undefined;
    for (const look of this.looks.splice(0)) look.abort();
    const { comparison } = this;
    for (const table of comparison.tables) table.resetScores();
    const total = comparison.tables.reduce((sum, table) => sum + table.items, 0);
    comparison.scoring = { model: model.name, state: 'loading', done: 0, total };
    comparison.changed();
    const signal = AbortSignal.any([running.signal, comparison.signal]);
    void this.scoreAll(model, signal).catch((error: unknown) => {
      if (signal.aborted) return;
      this.report({ state: 'failed', failure: errorWords(error) });
    });
  }

  /**
   * Has answers scored before all others because somebody looks at them, and returns after a moment at the latest. Of the
   * model, if it is loaded by then, `known` tells what was scored; the rest is kept as it comes, and told as a change.
   */
  async look(wanted: readonly Wanted[]): Promise<OpenScorer | undefined> {
    const { opened } = this;
    if (!opened) return undefined;
    const look = new AbortController();
    this.looks.push(look);
    const signal = AbortSignal.any([look.signal, this.comparison.signal]);
    const scored = opened.score(
      wanted.map(({ example }) => example),
      {
        urgent: true,
        signal,
        onResult: (index, result) => this.keep(wanted.slice(index, index + 1), [result]),
      },
    );
    // What was wanted by both goes on for the newer one.
    while (this.looks.length > mostLooks) this.looks.shift()?.abort();
    const kept = scored.then(
      (results) => this.keep(wanted, results),
      (error: unknown) => {
        if (!signal.aborted) this.report({ state: 'failed', failure: errorWords(error) });
      },
    );
    await Promise.race([kept, moment()]);
    return opened;
  }

  /** Token probabilities of answers that are wanted in any case; their numbers are kept as well. */
  async scoreNow(wanted: readonly Wanted[], signal: AbortSignal): Promise<ScoredOrNot[]> {
    if (!this.model || this.comparison.scoring?.state === 'failed') return [];
    const scorer = await this.scoring.model(this.model);
    const examples = wanted.map(({ example }) => example);
    const results = await scorer.score(examples, { urgent: true, signal });
    this.keep(wanted, results);
    return scorer.tokens(examples, results);
  }

  private async scoreAll(model: ScoringModel, signal: AbortSignal): Promise<void> {
    const { comparison } = this;
    const scorer = await this.scoring.model(model);
    if (signal.aborted) return;
    this.opened = scorer;
    this.report({ state: 'running' });
    for (let from = 0; from < comparison.rows && !signal.aborted; from += rowsTogether) {
      await this.whileLookedAt(signal);
      const wanted = await this.unscored(from, Math.min(from + rowsTogether, comparison.rows));
      if (wanted.length === 0) continue;
      const results = await scorer.score(
        wanted.map(({ example }) => example),
        { urgent: false, signal },
      );
      if (!signal.aborted) this.keep(wanted, results);
    }
    if (!signal.aborted) this.report({ state: 'done' });
  }

  /** Waits while nobody has asked for the comparison for long: its panel is closed, or hidden and forgotten. */
  private async whileLookedAt(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && performance.now() - this.comparison.askedAt > patienceMs) {
      await new Promise((resolve) => {
        setTimeout(resolve, 1000).unref();
      });
    }
  }

  private async unscored(from: number, to: number): Promise<Wanted[]> {
    const wanted: Wanted[] = [];
    for (let row = from; row < to; row++) {
      for (const table of this.comparison.tables) {
        if (!table.has(row) || table.scoreState(row) !== 'none') continue;
        const example = await this.comparison.example(table, row);
        if (example) wanted.push({ table, row, example });
      }
    }
    return wanted;
  }

  private keep(wanted: readonly Wanted[], results: readonly ScoreResult[]): void {
    for (const [index, { table, row }] of wanted.entries()) {
      const result = results[index];
      if (result) table.setScore(row, result.kind === 'scored' ? { logprobs: result.logprobs } : result);
    }
    const done = this.comparison.tables.reduce((sum, table) => sum + table.scoredOrNot, 0);
    this.report({ done });
  }

  private report(change: Partial<NonNullable<Comparison['scoring']>>): void {
    if (!this.comparison.scoring) return;
    this.comparison.scoring = { ...this.comparison.scoring, ...change };
    this.comparison.changed();
  }
}

const moment = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, momentMs).unref();
  });
