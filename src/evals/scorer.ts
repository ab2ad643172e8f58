// What a scorer is: the judge of one model answer, strict and lenient side by side (methods 5.9, pitfall 2). The strict
// score asks for the answer in the form the task demands, the lenient one only for the content, so that a change of
// style is not mistaken for lost skill.
import type { Phrase } from '../shared/phrase.ts';
import type { ItemResult } from '../shared/records.ts';

/** What a scorer may look at: the reference answer and every column of the benchmark line. */
export interface ScorerItem {
  answer: unknown;
  fields: Record<string, unknown>;
}

/** The judgement of one answer. Scores and rates lie in 0..1. */
export interface Verdict {
  strict: number;
  lenient: number;
  /** Whether the strict scorer could read an answer at all. */
  parsed: boolean;
  /** What the strict scorer read. */
  extracted?: string;
  /** Why the answer does not count under the strict scorer. */
  reason?: Phrase;
  rates?: Record<string, number>;
}

/** A way to judge answers. `version` goes into the protocol hash: raise it whenever a judgement can change. */
export interface Scorer {
  id: string;
  title: string;
  /** The strict and the lenient definition, for help texts and reports. */
  description: string;
  kind: 'generate' | 'likelihood';
  version: number;
  judge(output: string, item: ScorerItem, finish: ItemResult['finish']): Verdict;
  /** Says what is wrong with a benchmark item for this scorer; undefined when nothing is. */
  check?(item: ScorerItem): Phrase | undefined;
  /**
   * The text of a right answer as a model would write it, for likelihoods. Absent where the item only has a key to judge
   * by (a number, a choice, "refuse").
   */
  reference?(item: ScorerItem): string | undefined;
  /** Which margin of the first response token is measured beside the answers: `refusal` is that of methods 5.8.4. */
  firstTokenMargin?: 'refusal';
  /** Only for `kind: 'likelihood'`: the texts to score and the verdict on their summed logprobs (nats). */
  likelihood?: {
    texts(item: ScorerItem): string[];
    judge(sums: readonly number[]): Verdict;
  };
}

/** A verdict for scorers that are simply right or wrong. */
export function verdict(
  strict: boolean,
  lenient: boolean,
  reading: { extracted?: string | undefined; reason?: Phrase | undefined; parsed?: boolean } = {},
): Verdict {
  const { extracted, reason } = reading;
  return {
    strict: strict ? 1 : 0,
    lenient: lenient ? 1 : 0,
    parsed: reading.parsed ?? extracted !== undefined,
    ...(extracted === undefined ? {} : { extracted }),
    ...(strict || reason === undefined ? {} : { reason }),
  };
}
