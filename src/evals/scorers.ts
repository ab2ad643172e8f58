// The explicit list of scorers that experiments, verifiers, the command line and reports read. A new scorer is a file
// under scorers/ and a line here.
import { LabError } from '../shared/errors.ts';
import { nearest } from '../shared/nearest.ts';
import { phrase } from '../shared/phrase.ts';
import type { Scorer } from './scorer.ts';
import { call, openfunctionsContains } from './scorers/call.ts';
import { choice } from './scorers/choice.ts';
import { finalAnswer, gsm8k } from './scorers/finalAnswer.ts';
import { jsonAnswer } from './scorers/jsonAnswer.ts';
import { lastNumber } from './scorers/lastNumber.ts';
import { minimalPair } from './scorers/minimalPair.ts';
import { noRefusal, refusal } from './scorers/refusal.ts';
import { sequence } from './scorers/sequence.ts';
import { contains, exact } from './scorers/text.ts';

export type { Scorer, ScorerItem, Verdict } from './scorer.ts';

export const scorers: readonly Scorer[] = [
  lastNumber,
  finalAnswer,
  gsm8k,
  sequence,
  choice,
  exact,
  contains,
  call,
  openfunctionsContains,
  refusal,
  noRefusal,
  jsonAnswer,
  minimalPair,
];

/** The scorer with this id; an unknown id is an error that names the nearest one. */
export function findScorer(id: string): Scorer {
  const found = scorers.find((scorer) => scorer.id === id);
  if (found) return found;
  const ids = scorers.map((scorer) => scorer.id);
  throw new LabError('experiment-invalid', phrase('There is no scorer "{0}"', id), {
    remedy: phrase('Did you mean "{0}"? The scorers are {1}', nearest(id, ids), ids.join(', ')),
  });
}
