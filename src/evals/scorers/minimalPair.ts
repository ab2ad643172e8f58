// `minimal_pair`: the better of two sentences should be the more probable one (BLiMP, methods 6.15). No text is
// generated; the sums of logprobs decide.
import { LabError } from '../../shared/errors.ts';
import { verdict, type Scorer, type ScorerItem } from '../scorer.ts';

/** Our own names first, then BLiMP's. */
function pair(item: ScorerItem): [string, string] | undefined {
  const good = item.fields.good ?? item.fields.sentence_good;
  const bad = item.fields.bad ?? item.fields.sentence_bad;
  const usable = typeof good === 'string' && typeof bad === 'string' && good !== '' && bad !== '' && good !== bad;
  return usable ? [good, bad] : undefined;
}

const PAIR_NEEDED = 'needs the fields "good" and "bad": two different texts';

export const minimalPair: Scorer = {
  id: 'minimal_pair',
  title: 'Minimal pair',
  description:
    'By likelihood: right when the sum of logprobs of "good" is greater than that of "bad" (equal is wrong). ' +
    'Strict and lenient are the same.',
  kind: 'likelihood',
  version: 1,
  check: (item) => (pair(item) ? undefined : PAIR_NEEDED),
  judge() {
    throw new LabError('experiment-invalid', 'The scorer minimal_pair compares likelihoods and cannot judge a text', {
      remedy: 'Use it for a benchmark, and another scorer as verifier',
    });
  },
  reference: (item) => pair(item)?.[0],
  likelihood: {
    texts(item) {
      const texts = pair(item);
      if (!texts) throw new LabError('benchmark-invalid', `A minimal_pair item ${PAIR_NEEDED}`);
      return texts;
    },
    judge([good = NaN, bad = NaN]) {
      const right = good > bad;
      const parsed = Number.isFinite(good) && Number.isFinite(bad);
      const difference = (good - bad).toFixed(3);
      const reason = parsed ? 'the bad text is at least as probable' : 'a likelihood is not finite';
      return verdict(right && parsed, right && parsed, { extracted: difference, parsed, reason });
    },
  },
};
