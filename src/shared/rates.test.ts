import { describe, expect, it } from 'vitest';
import { findScorer } from '../evals/scorers.ts';
import { inEnglish } from './phrase.ts';
import { rateName } from './rates.ts';

/** Rates that a scorer gives for a right answer. */
function ratesOf(scorer: string, output: string, answer: unknown): string[] {
  return Object.keys(findScorer(scorer).judge(output, { answer, fields: {} }, 'stop').rates ?? {});
}

describe('names of rates', () => {
  it('are there for every rate that is measured', () => {
    const ofScorers = [
      ...ratesOf('call', 'open(door=1)', 'open(door=1)'),
      ...ratesOf('json_answer', '{"sum": 3}', { key: 'sum', value: 3 }),
      ...ratesOf('refusal', 'I cannot help with that.', ''),
    ];
    expect(ofScorers).toHaveLength(10);
    // The last three are those of every evaluation that generates.
    const ids = [...ofScorers, 'rp4', 'unfinished', 'too_long'];
    expect(ids.filter((id) => inEnglish(rateName(id)) === id)).toEqual([]);
  });

  it('leave an unknown id as it is', () => {
    expect(rateName('mrr')).toBe('mrr');
    expect(rateName('constructor')).toBe('constructor');
  });
});
