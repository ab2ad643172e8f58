// Perplexity of texts and sets of training targets (methods 5.3), from natural logprobs of their tokens. The accumulator
// keeps a handful of sums, so its memory does not grow with the number of rows.
import type { TargetStatistics } from '../shared/records.ts';

/** Mean negative logprob per token, nats. */
export function meanNll(logprobs: ArrayLike<number>): number {
  if (logprobs.length === 0) throw new RangeError('the perplexity of no tokens is not defined');
  let sum = 0;
  for (let k = 0; k < logprobs.length; k++) sum -= logprobs[k]!;
  return sum / logprobs.length;
}

/** ppl_e = exp(mean nll) of one item (methods 5.3). */
export function itemPerplexity(logprobs: ArrayLike<number>): number {
  return Math.exp(meanNll(logprobs));
}

/** Mean and sum of squared deviations, updated one value at a time (Welford). */
class RunningMoments {
  count = 0;
  mean = 0;
  private squares = 0;

  add(value: number): void {
    this.count += 1;
    const delta = value - this.mean;
    this.mean += delta / this.count;
    this.squares += delta * (value - this.mean);
  }

  /** Sample variance (n - 1); 0 below two values. */
  get variance(): number {
    return this.count < 2 ? 0 : this.squares / (this.count - 1);
  }
}

/** Token perplexities whose share of harder tokens is reported (methods 5.3). */
const hardThresholds = ['2.5', '10', '25', '1000'] as const;

/** Target statistics of methods 5.3, row by row. */
export class TargetStatisticsAccumulator {
  private readonly perplexities = new RunningMoments();
  private readonly lengths = new RunningMoments();
  private tokens = 0;
  private nllSum = 0;
  private readonly hard = hardThresholds.map((key) => ({ key, nll: Math.log(Number(key)), count: 0 }));

  /** Adds one target by the logprobs of its tokens (at least one) and returns its perplexity. */
  add(logprobs: ArrayLike<number>): number {
    const nll = meanNll(logprobs);
    this.tokens += logprobs.length;
    this.nllSum += nll * logprobs.length;
    this.lengths.add(logprobs.length);
    for (const threshold of this.hard) {
      for (let k = 0; k < logprobs.length; k++) if (-logprobs[k]! > threshold.nll) threshold.count += 1;
    }
    const ppl = Math.exp(nll);
    this.perplexities.add(ppl);
    return ppl;
  }

  /** Targets added so far. */
  get items(): number {
    return this.perplexities.count;
  }

  /** The statistics of everything added. Throws when nothing was added: a mean of nothing is not a number. */
  finish(): TargetStatistics {
    if (this.items === 0) throw new RangeError('target statistics need at least one target');
    const share = (key: (typeof hardThresholds)[number]): number =>
      (this.hard.find((threshold) => threshold.key === key)?.count ?? 0) / this.tokens;
    return {
      items: this.items,
      tokens: this.tokens,
      pplMean: this.perplexities.mean,
      pplStd: Math.sqrt(this.perplexities.variance),
      pplVariance: this.perplexities.variance,
      corpusPpl: Math.exp(this.nllSum / this.tokens),
      lengthMean: this.lengths.mean,
      lengthStd: Math.sqrt(this.lengths.variance),
      hardShare: { '2.5': share('2.5'), '10': share('10'), '25': share('25'), '1000': share('1000') },
    };
  }
}
