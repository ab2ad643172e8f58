// What each row trains on: a rule for all rows and single rows that somebody decided otherwise.
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Phrase } from '../../shared/phrase.ts';
import type { ChoiceRule, ChoiceSummary, RowChoice } from '../../shared/protocol/lab/targetDiff.ts';
import { ReasonCounts } from '../reasonCounts.ts';
import { findRows } from './findRows.ts';
import type { SourceTable } from './sourceTable.ts';

/** A decision; `undecided`: the rule needs numbers that are not there yet. */
export interface Decision extends RowChoice {
  undecided?: boolean;
}

const groundTruth = 0;
const leftOut = phrase('left out by hand');
const rowChanged = phrase('the row has changed');
const sourceGone = phrase('the source is not compared any more');

export class TargetChoices {
  rule: ChoiceRule = { kind: 'ground-truth' };
  private readonly own = new Map<number, number | null>();
  /** Choices taken over from before that fit nothing here. */
  private readonly lost = new ReasonCounts();
  private readonly sources: readonly SourceTable[];
  private readonly hasVerifier: () => boolean;
  private before: TargetChoices | undefined;

  /** `before`: choices that `takeOver` goes on with; those that never got so far hand on what they were to take. */
  constructor(sources: readonly SourceTable[], hasVerifier: () => boolean, before?: TargetChoices) {
    this.sources = sources;
    this.hasVerifier = hasVerifier;
    this.before = before?.before ?? before;
  }

  /** One row's own choice; 'rule' takes it back. Throws when the source has no answer for the row. */
  choose(row: number, source: number | null | 'rule'): void {
    if (typeof source === 'number') this.refuse(row, source);
    if (source === 'rule') this.own.delete(row);
    else this.own.set(row, source);
  }

  /**
   * Goes on with what was chosen before, once the rows are known. The files may have changed since: choices whose row or
   * answer is not here any more are dropped and counted.
   */
  async takeOver(pause: () => Promise<void> | undefined): Promise<void> {
    const { before } = this;
    const [truthBefore, truth] = [before?.sources[groundTruth], this.sources[groundTruth]];
    if (!before || !truthBefore || !truth) return;
    const rows = await findRows(before.own.keys(), truthBefore, truth, pause);
    this.before = undefined;
    const here = (source: number): number | undefined => {
      const spec = JSON.stringify(before.sources[source]?.spec);
      const index = this.sources.findIndex((one) => !one.failure && JSON.stringify(one.spec) === spec);
      return index < 0 ? undefined : index;
    };
    const { rule } = before;
    const preferred = rule.kind === 'prefer' ? here(rule.source) : undefined;
    if (rule.kind !== 'prefer') this.rule = rule;
    else if (preferred !== undefined) this.rule = { ...rule, source: preferred };
    for (const [rowBefore, source] of before.own) {
      const row = rows.get(rowBefore);
      const chosen = source === null ? null : here(source);
      if (chosen === undefined) this.lost.add(sourceGone);
      else if (row === undefined || this.answerOf(chosen, row) !== before.answerOf(source, rowBefore))
        this.lost.add(rowChanged);
      else this.own.set(row, chosen);
    }
  }

  decide(row: number): Decision {
    const own = this.own.get(row);
    if (own === undefined) return this.byRule(row);
    if (own === null) return { source: null, masked: false, own: true, reason: leftOut };
    if (!this.sources[own]?.has(row)) return { source: null, masked: false, own: true, reason: this.noAnswer(own) };
    return { source: own, masked: own === groundTruth && this.rule.kind === 'ground-truth-masked', own: true };
  }

  /** Equal for equal answers; undefined where there is none. */
  private answerOf(source: number | null, row: number): number | undefined {
    const table = source === null ? undefined : this.sources[source];
    return table?.has(row) ? table.hash(row) : undefined;
  }

  private refuse(row: number, source: number): void {
    const table = this.sources[source];
    if (!table) throw new LabError('usage', phrase('There is no such source in this comparison'));
    if (table.has(row)) return;
    throw new LabError('usage', phrase('{0} has no answer for row {1}', table.label, row + 1), {
      remedy: phrase('Choose another source, or leave the row out'),
    });
  }

  private noAnswer(source: number): Phrase {
    return phrase('{0}: no answer', this.sources[source]?.label ?? '');
  }

  /** Decides all rows, with pauses. */
  async summarise(rows: number, pause: () => Promise<void> | undefined): Promise<ChoiceSummary> {
    const bySource = this.sources.map(() => 0);
    const dropped = new ReasonCounts();
    const counts = { rows: 0, masked: 0, own: 0, undecided: 0 };
    for (let row = 0; row < rows; row++) {
      if (row % 1024 === 0) await pause();
      const { source, masked, own, reason, undecided } = this.decide(row);
      if (own) counts.own++;
      if (undecided) counts.undecided++;
      else if (source === null) dropped.add(reason ?? leftOut);
      else {
        counts.rows++;
        if (masked) counts.masked++;
        bySource[source] = (bySource[source] ?? 0) + 1;
      }
    }
    return {
      rule: this.rule,
      ...counts,
      bySource,
      dropped: dropped.list(),
      lost: this.lost.list(),
    };
  }

  private byRule(row: number): Decision {
    const { rule } = this;
    const chosen = (source: number | null, extra: Partial<Decision> = {}): Decision => ({
      source,
      masked: false,
      own: false,
      ...extra,
    });
    switch (rule.kind) {
      case 'ground-truth':
        return chosen(groundTruth);
      case 'ground-truth-masked':
        return this.sources[groundTruth]?.scoreState(row) === 'none'
          ? chosen(groundTruth, { undecided: true })
          : chosen(groundTruth, { masked: true });
      case 'prefer': {
        const accepted = this.accepted(rule.source, row);
        if (accepted === undefined) return chosen(null, { undecided: true });
        if (accepted) return chosen(rule.source);
        if (rule.otherwise === 'ground-truth') return chosen(groundTruth);
        const table = this.sources[rule.source];
        const reason = table?.has(row) ? phrase('{0}: not accepted', table.label) : this.noAnswer(rule.source);
        return chosen(null, { reason });
      }
      case 'lowest-perplexity': {
        const lowest = this.lowest(row);
        return lowest === undefined ? chosen(null, { undecided: true }) : chosen(lowest);
      }
      default:
        return rule satisfies never;
    }
  }

  /** Undefined: there is a verifier that has not judged it yet. */
  private accepted(source: number, row: number): boolean | undefined {
    const table = this.sources[source];
    if (!table?.has(row)) return false;
    if (!this.hasVerifier()) return true;
    const verdict = table.verdict(row);
    return verdict === undefined ? undefined : verdict === 1;
  }

  /** The source with the lowest perplexity, the first of equals; undefined before all are known. */
  private lowest(row: number): number | undefined {
    let best = groundTruth;
    let least = Infinity;
    for (const [index, table] of this.sources.entries()) {
      const accepted = index === groundTruth ? table.has(row) : this.accepted(index, row);
      if (accepted === undefined || (accepted && table.scoreState(row) === 'none')) return undefined;
      const ppl = table.perplexity(row);
      if (!accepted || ppl === undefined || ppl >= least) continue;
      best = index;
      least = ppl;
    }
    return best;
  }
}
