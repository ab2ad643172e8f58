import { describe, expect, it } from 'vitest';
import type { RunData } from '../shared/records.ts';
import { deriveNumbers } from './derive.ts';
import { buildMatrix, sketchMatrix } from './matrix.ts';
import { syntheticRun } from './testing/syntheticRun.ts';
import type { SyntheticOptions } from './testing/syntheticRun.ts';
import { writeVerdict } from './verdict.ts';

async function verdict(
  options: SyntheticOptions = {},
  change: (run: RunData) => RunData = (run) => run,
): Promise<string> {
  const { run: made, readItems } = syntheticRun(options);
  const run = change(made);
  return writeVerdict(run, await buildMatrix(run, readItems), await deriveNumbers(run, readItems));
}

describe('verdict', () => {
  it('says first what was gained and forgotten, and calls noise noise', async () => {
    const text = await verdict();
    expect(text).toMatch(
      /^Training on ground truth gained 38 points on the mean of subtraction and new-api and lost 59 on the four old skills; self-output gained 49 and kept them \(\u22120\.8, within noise\)\./,
    );
  });

  it('names what fell most, what later stages took back, and what cannot be judged', async () => {
    const text = await verdict();
    expect(text).toContain(
      'Hardest hit under ground truth: addition (\u221278), json (\u221260) and refusal (\u221259).',
    );
    expect(text).toContain('Later stages took back what an earlier one had taught: ground truth 30 of subtraction.');
    expect(text).toContain('perplexity 4.83) than its own output (1.16)');
    expect(text).toContain('base is at chance there: coin');
    expect(text).toContain('Three of four arms are measured to the end.');
    expect(text).toContain('One seed');
  });

  it('is honest about a gain within noise and about a loss on the target itself', async () => {
    const set = (score: number, right: number) => (run: RunData) => ({
      ...run,
      cells: run.cells.map((cell) =>
        cell.arm === 'ground truth' && cell.benchmark === 'subtraction' ? { ...cell, score, items: `r${right}` } : cell,
      ),
    });
    // Without readable items there is no interval, and the sign decides alone.
    expect(
      await verdict({}, (run) => ({
        ...set(0.1, 10)(run),
        cells: set(0.1, 10)(run).cells.filter((cell) => cell.stage < 2),
      })),
    ).toMatch(/lost 10 points on subtraction itself/);
  });

  it('several seeds and learning rates: one rate for all, and matched learning', async () => {
    const text = await verdict({ learningRates: [1e-4, 3e-4], seeds: [0, 1] });
    expect(text).toMatch(/^At learning rate 3e-4, training on ground truth gained/);
    expect(text).toMatch(/At the same gain of 30 points \(80 % of the best of ground truth\)/);
    expect(text).toContain('Means over 2 seeds');
    expect(text).not.toContain('One seed');
  });

  it('says that a strict loss is partly format', async () => {
    const text = await verdict({}, (run) => ({
      ...run,
      cells: run.cells.map((cell) => (cell.benchmark === 'json' && cell.stage > 0 ? { ...cell, lenient: 0.8 } : cell)),
    }));
    expect(text).toMatch(/Scored leniently the change is smaller \(ground truth \u221244 instead of \u221259/);
  });

  it('has something to say before anything is measured', () => {
    const { run } = syntheticRun();
    expect(writeVerdict(run, sketchMatrix({ ...run, cells: [] }), [])).toMatch(/^Nothing has been measured yet/);
    const base = run.cells.filter((cell) => cell.stage === 0);
    expect(writeVerdict(run, sketchMatrix({ ...run, cells: base }), [])).toMatch(/^The base model is measured; no arm/);
  });
});
