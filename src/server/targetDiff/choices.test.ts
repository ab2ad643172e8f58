import { describe, expect, it } from 'vitest';
import { phrase } from '../../shared/phrase.ts';
import { TargetChoices } from './choices.ts';
import type { SourceTable } from './sourceTable.ts';

/** Two sources, the second with answers for the rows given. */
function choicesOf(answered: Set<number>): TargetChoices {
  const sources = [
    { label: 'ground truth', has: (row: number) => row < 3 },
    { label: 'Native', has: (row: number) => answered.has(row) },
  ] as unknown as SourceTable[];
  return new TargetChoices(sources, () => false);
}

describe("a row's own choice", () => {
  it('is refused where the source has no answer', async () => {
    const choices = choicesOf(new Set([0, 1]));
    choices.choose(0, 1);
    expect(() => choices.choose(2, 1)).toThrow('Native has no answer for row 3');
    expect(() => choices.choose(7, 0)).toThrow('ground truth has no answer for row 8');
    for (const source of [2, -1, 0.5]) expect(() => choices.choose(0, source)).toThrow('There is no such source');
    expect(await choices.summarise(3, () => undefined)).toMatchObject({ rows: 3, own: 1, bySource: [2, 1] });
  });

  it('counts as left out when its answer is not there any more', async () => {
    const answered = new Set([0, 1]);
    const choices = choicesOf(answered);
    choices.choose(1, 1);
    answered.delete(1);
    expect(choices.decide(1)).toMatchObject({ source: null, own: true });
    expect(await choices.summarise(3, () => undefined)).toMatchObject({
      rows: 2,
      bySource: [2, 0],
      dropped: [{ reason: phrase('{0}: no answer', 'Native'), count: 1 }],
    });
  });
});
