import { describe, expect, it } from 'vitest';
import type { DerivedNumber } from '../shared/records.ts';
import { budgetBreaches, definitions, deriveNumbers } from './derive.ts';
import { syntheticRun } from './testing/syntheticRun.ts';

function pick(numbers: DerivedNumber[], definition: string, filter: Partial<DerivedNumber> = {}): DerivedNumber {
  const wanted = { arm: 'ground truth', ...filter, definition };
  const found = numbers.filter((entry) =>
    Object.entries(wanted).every(([key, value]) => entry[key as keyof DerivedNumber] === value),
  );
  if (found.length !== 1) throw new Error(`${found.length} numbers for ${JSON.stringify(wanted)}`);
  return found[0]!;
}

describe('derived numbers', () => {
  const { run, readItems } = syntheticRun();
  const deriving = deriveNumbers(run, readItems);

  it('every number names its definition and says it in words', async () => {
    for (const entry of await deriving) {
      expect(Object.keys(definitions)).toContain(entry.definition);
      expect(entry.description.length).toBeGreaterThan(20);
      if (entry.value === null) expect(entry.reason).toBeTruthy();
      else expect(Number.isFinite(entry.value)).toBe(true);
    }
  });

  it('gain and retention by hand', async () => {
    const numbers = await deriving;
    expect(pick(numbers, 'gain', { stage: 1 }).value).toBeCloseTo(0.4, 12);
    const retention = pick(numbers, 'retention_change', { stage: 2 });
    expect(retention.value).toBeCloseTo(-(0.78 + 0.4 + 0.59 + 0.6) / 4, 12);
    expect(retention.hi).toBeLessThan(-0.5);
    expect(retention.lo).toBeGreaterThan(-0.7);
    expect(pick(numbers, 'forgetting_per_gain', { stage: 1 }).value).toBeCloseTo(0.4675 / 0.4, 10);
    expect(pick(numbers, 'delta_points_ssr', { stage: 1 }).value).toBeCloseTo(-46.75, 10);
  });

  it('definitions over the sequence of tasks by hand', async () => {
    const numbers = await deriving;
    // R: subtraction .20 .60 .30, new-api .05 .04 .70
    expect(pick(numbers, 'acc_gem').value).toBeCloseTo(0.5, 12);
    expect(pick(numbers, 'bwt_gem').value).toBeCloseTo(-0.3, 12);
    expect(pick(numbers, 'fwt_gem').value).toBeCloseTo(-0.01, 12);
    expect(pick(numbers, 'forgetting_chaudhry').value).toBeCloseTo(0.3, 12);
    expect(pick(numbers, 'fm_rft_own_stage').value).toBeCloseTo(-0.3, 12);
    expect(pick(numbers, 'fm_rft_base').value).toBeCloseTo(0.1, 12);
    expect(pick(numbers, 'forgetting_chaudhry_include_base_old_skills').value).toBeCloseTo(2.37 / 4, 12);
    expect(pick(numbers, 'ti_stm', { stage: 1 }).value).toBeCloseTo(200, 10);
    const others = [-0.01 / 0.05, -0.58 / 0.98, -0.3 / 0.9, -0.49 / 0.99, -0.5 / 0.8];
    const bwt = (100 * others.reduce((sum, value) => sum + value, 0)) / 5;
    expect(pick(numbers, 'bwt_percent_stm', { stage: 1 }).value).toBeCloseTo(bwt, 10);
    const last = [0.78 / 0.98, 0.4 / 0.9, 0.59 / 0.99, 0.6 / 0.8].reduce((sum, value) => sum + value, 0);
    expect(pick(numbers, 'fg_percent_luo_last_stage').value).toBeCloseTo(25 * last, 10);
  });

  it('refusal margins: absolute for base and stages, and the change', async () => {
    const { run: plain, readItems: items } = syntheticRun();
    const cells = plain.cells.map((cell) =>
      cell.benchmark === 'json' ? { ...cell, refusalMargin: 3 - cell.stage * 2 } : cell,
    );
    const numbers = await deriveNumbers({ ...plain, cells }, items);
    expect(pick(numbers, 'refusal_margin', { arm: 'base', stage: 0 })).toMatchObject({ benchmark: 'json', value: 3 });
    expect(pick(numbers, 'refusal_margin', { stage: 2 }).value).toBe(-1);
    expect(pick(numbers, 'refusal_margin_change', { stage: 2 }).value).toBe(-4);
    expect((await deriving).filter(({ definition }) => definition.startsWith('refusal_margin'))).toEqual([]);
  });

  it('budget: drops, breaches, and only after the last stage', async () => {
    const numbers = await deriving;
    const drop = pick(numbers, 'budget_drop', { stage: 1, benchmark: 'addition' });
    expect(drop.value).toBeCloseTo(0.58, 12);
    expect(drop.lo).toBeGreaterThan(0.4);
    expect(drop.hi).toBeGreaterThan(drop.lo!);
    const breaches = budgetBreaches(numbers);
    const truth = breaches.filter((entry) => entry.arm === 'ground truth');
    expect(truth.map((entry) => entry.benchmark)).toEqual(['addition', 'sorting', 'refusal', 'json']);
    expect(breaches.every((entry) => entry.stage === 2)).toBe(true);
    expect(breaches.filter((entry) => entry.arm === 'self-output')).toEqual([]);
    expect(
      numbers.filter((entry) => entry.definition === 'budget_breach' && entry.benchmark === 'subtraction'),
    ).toEqual([]);
  });

  it('gives reasons for what is not there', async () => {
    const cells = run.cells.filter((cell) => cell.stage < 2);
    const numbers = await deriveNumbers({ ...run, cells }, readItems);
    expect(pick(numbers, 'bwt_gem')).toMatchObject({ value: null, reason: 'no score in column 1 after stage 2' });
    expect(numbers.filter((entry) => entry.arm === 'replay')).toEqual([]);
    expect(numbers.filter((entry) => entry.definition === 'on_pareto_front')).toEqual([]);
  });

  it('seeds and learning rates: means, spread, matched gain', async () => {
    const swept = syntheticRun({ learningRates: [1e-4, 3e-4], seeds: [0, 1] });
    const numbers = await deriveNumbers(swept.run, swept.readItems);
    const key = { lr: 3e-4, stage: 1 };
    expect(pick(numbers, 'gain_seed_mean', key).value).toBeCloseTo(0.395, 12);
    expect(pick(numbers, 'gain_seed_std', key).value).toBeCloseTo(Math.sqrt(0.00005), 12);
    expect(pick(numbers, 'gain_seed_mean', key).over).toEqual(['seed']);
    // Ground truth gains (.095 + .645) / 2 at the higher rate after both stages.
    const matched = pick(numbers, 'matched_gain');
    expect(matched.value).toBeCloseTo(0.8 * 0.37, 12);
    expect(matched.over).toEqual(['seed', 'lr']);
    const truth = pick(numbers, 'retention_at_matched_gain').value!;
    const own = pick(numbers, 'retention_at_matched_gain', { arm: 'self-output' }).value!;
    expect(truth).toBeLessThan(-0.4);
    expect(own).toBeGreaterThan(-0.05);
    expect(pick(numbers, 'hypervolume', { arm: 'self-output' }).value).toBeGreaterThan(
      pick(numbers, 'hypervolume').value!,
    );
  });
});
