// `minimal_pair`: the better of two sentences should be the more probable one (BLiMP, methods 6.15). No text is
// generated; the sums of logprobs decide.
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import { verdict, type Scorer, type ScorerItem } from '../scorer.ts';

/** Our own names first, then BLiMP's. */
function pair(item: ScorerItem): [string, string] | undefined {
  const good = item.fields.good ?? item.fields.sentence_good;
  const bad = item.fields.bad ?? item.fields.sentence_bad;
  const usable = typeof good === 'string' && typeof bad === 'string' && good !== '' && bad !== '' && good !== bad;
  return usable ? [good, bad] : undefined;
}

export const minimalPair: Scorer = {
  id: 'minimal_pair',
  title: 'Minimal pair',
  description:
    'By likelihood: right when the sum of logprobs of "good" is greater than that of "bad" (equal is wrong). ' +
    'Strict and lenient are the same.',
  kind: 'likelihood',
  version: 1,
  check: (item) => (pair(item) ? undefined : phrase('needs the fields "good" and "bad": two different texts')),
  judge() {
    throw new LabError(
      'experiment-invalid',
      phrase('The scorer minimal_pair compares likelihoods and cannot judge a text'),
      { remedy: phrase('Use it for a benchmark, and another scorer as verifier') },
    );
  },
  reference: (item) => pair(item)?.[0],
  likelihood: {
    texts(item) {
      const texts = pair(item);
      if (texts) return texts;
      throw new LabError(
        'benchmark-invalid',
        phrase('A minimal_pair item needs the fields "good" and "bad": two different texts'),
      );
    },
    judge([good = NaN, bad = NaN]) {
      const right = good > bad;
      const parsed = Number.isFinite(good) && Number.isFinite(bad);
      const difference = (good - bad).toFixed(3);
      const reason = parsed ? phrase('the bad text is at least as probable') : phrase('a likelihood is not finite');
      return verdict(right && parsed, right && parsed, { extracted: difference, parsed, reason });
    },
  },
};
