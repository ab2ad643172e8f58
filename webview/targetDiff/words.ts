// What the target diff says in words.
import { modelName } from '../ui/modelNames.ts';
import type { ComparisonState, TargetSourceState } from '../../src/shared/protocol/lab/targetDiff.ts';
import type { Provenance } from '../../src/shared/dataset.ts';
import type { TargetStatistics } from '../../src/shared/records.ts';
import { onOneLine } from '../../src/shared/errors.ts';
import { formatCount, formatPerplexity, formatShare, sentence } from '../../src/shared/words.ts';
import { say, text } from '../ui/host.ts';

/** What a source is called. */
export function sourceName({ spec, label, provenance }: TargetSourceState): string {
  if (spec.kind === 'dataset') return text('Ground truth');
  if (spec.kind === 'column') return spec.column === 'native' ? text('Native column') : text('Column {0}', spec.column);
  if (spec.label === undefined && provenance === 'self_output') return text('Own output ({0})', label);
  if (spec.label === undefined && provenance === 'rephrase') return text('Rephrase ({0})', label);
  return label;
}

/** The same inside a sentence. */
export function nameInside(source: TargetSourceState): string {
  const name = sourceName(source);
  return source.spec.kind === 'file' ? name : name.charAt(0).toLowerCase() + name.slice(1);
}

export function provenanceName(provenance: Provenance): string {
  const names: Record<Provenance, string> = {
    ground_truth: text('ground truth'),
    native: text('native'),
    self_output: text('own output'),
    rephrase: text('rephrase'),
    other_model: text('other model'),
    replay: text('replay'),
    pseudo_replay: text('pseudo replay'),
    safety: text('safety'),
  };
  return names[provenance];
}

/** The source that is most likely wanted at the right: own output, then rephrase, then whatever there is. */
export function likelyRight(sources: readonly TargetSourceState[]): number {
  const find = (fits: (source: TargetSourceState) => boolean): number =>
    sources.findIndex((source, index) => index > 0 && !source.failure && fits(source));
  for (const provenance of ['self_output', 'rephrase'] as const) {
    const found = find((source) => source.provenance === provenance);
    if (found > 0) return found;
  }
  const readable = find(() => true);
  return readable > 0 ? readable : Math.min(1, sources.length - 1);
}

/** The numbers of a source, and what they are over: nobody should take a partial mean for the final one. */
export interface SourceNumbers {
  statistics?: TargetStatistics;
  /** `recorded`: of all answers, as the file says, while they are scored anew. */
  kind: 'whole' | 'partial' | 'recorded';
  /** Answers that have been dealt with. */
  done: number;
}

export function numbersOf({ items, scored, statistics, recorded, unscorable }: TargetSourceState): SourceNumbers {
  const done = unscorable.reduce((sum, { count }) => sum + count, scored);
  if (done >= items) return { kind: 'whole', done, ...(statistics ? { statistics } : {}) };
  if (recorded) return { kind: 'recorded', done, statistics: recorded };
  return { kind: 'partial', done, ...(statistics ? { statistics } : {}) };
}

/** The answer in one sentence. */
export function sentenceOf(state: ComparisonState, left: number, right: number): string {
  const [one, other] = [state.sources[left], state.sources[right]];
  if (state.state === 'aligning') return text('Reading {0} rows and counting.', formatCount(state.rows));
  if (!one || !other || left === right) return text('{0} prompts.', formatCount(state.rows));
  const [ofLeft, ofRight] = [numbersOf(one), numbersOf(other)];
  const [a, b] = [ofLeft.statistics, ofRight.statistics];
  if (!a || !b) {
    return text('{0} of {1} prompts have both answers.', formatCount(both(one, other)), formatCount(state.rows));
  }
  const easier = b.pplMean < a.pplMean;
  const [low, high] = easier ? [b, a] : [a, b];
  const words = text(
    '{0} is easier to predict than {1}: perplexity {2} against {3}.',
    sentence(nameInside(easier ? other : one)),
    nameInside(easier ? one : other),
    formatPerplexity(low.pplMean),
    formatPerplexity(high.pplMean),
  );
  const accepted = acceptedOf(state, other);
  const said = accepted === undefined ? words : `${words} ${accepted}`;
  const kinds = [ofLeft.kind, ofRight.kind];
  if (!kinds.includes('partial')) return said;
  const [done, total] = [formatCount(ofLeft.done + ofRight.done), formatCount(one.items + other.items)];
  return text('So far ({0} of {1} targets scored): {2}', done, total, said);
}

/** What the verifier says of a source, once it has judged all of it. */
function acceptedOf(state: ComparisonState, source: TargetSourceState): string | undefined {
  const { verified } = source;
  if (state.judging || !verified || verified.judged === 0) return undefined;
  const share = formatShare(verified.accepted / verified.judged);
  return text('The verifier accepts {0} of {1}.', share, nameInside(source));
}

const both = (one: TargetSourceState, other: TargetSourceState): number => Math.min(one.items, other.items);

/** What makes a reader of the sentence careful. */
export function cautionsOf(state: ComparisonState, left: number, right: number): string[] {
  const kinds = [left, right].map((index) => state.sources[index] && numbersOf(state.sources[index]).kind);
  const recorded = kinds.includes('recorded') && !kinds.includes('partial');
  return [
    ...(recorded ? [text('These perplexities are recorded ones until all targets are scored anew.')] : []),
    ...leftOut(state),
  ];
}

/** What is not compared, and why: nothing is left out silently. */
function leftOut(state: ComparisonState): string[] {
  return state.sources.flatMap((source) => {
    const name = sourceName(source);
    if (source.failure) return [text('{0} is not compared: {1}', name, say(onOneLine(source.failure)))];
    const words: string[] = [];
    if (source.missing === 1) words.push(text('1 prompt has no answer in {0}.', name));
    else if (source.missing > 0) {
      words.push(text('{0} prompts have no answer in {1}.', formatCount(source.missing), name));
    }
    if (source.unmatched > 0) {
      words.push(text('{0} rows of {1} belong to no prompt of the dataset.', formatCount(source.unmatched), name));
    }
    if (source.spec.kind !== 'column') {
      for (const { reason, count, first } of source.dropped) {
        words.push(
          text('{0}: {1} rows cannot be used: {2} (first: line {3}).', name, formatCount(count), say(reason), first),
        );
      }
    }
    for (const { reason, count } of source.unscorable) {
      words.push(text('{0}: {1} rows have no perplexity: {2}.', name, formatCount(count), say(reason)));
    }
    return words;
  });
}

/** How scoring and judging go on; undefined when nothing does. */
export function progressOf(state: ComparisonState): string | undefined {
  const { scoring } = state;
  if (scoring?.state === 'loading') return text('Loading {0}', modelName(scoring.model));
  if (scoring?.state === 'running') {
    return text('{0} of {1} targets scored', formatCount(scoring.done), formatCount(scoring.total));
  }
  return state.judging ? text('Judging') : undefined;
}
