import { describe, expect, it } from 'vitest';
import { CheckpointNames, checkpointName, finalCheckpoints } from './checkpoints.ts';
import { experimentWith, runWith, trialOf } from './sidebar/testing.ts';
import { english } from './translate.ts';
import type { Lab } from './workbench.ts';

const folder = '/w/runs/x/ground truth';

/** A lab that lists one experiment, after so many failures. */
function labWith(failures = 0) {
  const asked = { times: 0, unread: false };
  let changed: (params: { runs: string[] }) => void = () => undefined;
  const on = (_: unknown, listener: typeof changed): void => void (changed = listener);
  const request = (): Promise<unknown> => {
    asked.times++;
    return asked.times <= failures
      ? Promise.reject(new Error('no server'))
      : Promise.resolve([experimentWith('pocket', [runWith('x', asked.unread ? { trials: [] } : {})])]);
  };
  return {
    lab: { request, on } as unknown as Pick<Lab, 'request' | 'on'>,
    asked,
    change: (runs: string[]) => changed({ runs }),
  };
}

describe('final checkpoints', () => {
  it('are those of trained stages that are on disk', () => {
    const gone = { step: 1, what: 'final', folder: '/gone', exists: false } as const;
    const kept = { step: 1, what: 'state', folder: '/state', exists: true } as const;
    const base = { step: 0, what: 'final', folder: '/base', exists: true } as const;
    const stage = (number: number, ...checkpoints: (typeof gone | typeof kept | typeof base)[]) =>
      ({ stage: number, name: `s${number}`, state: 'done', share: 1, checkpoints }) as const;
    const trial = trialOf({ stages: [stage(0, base), stage(1, gone), stage(2, kept)] });
    const runs = [runWith('x'), runWith('y', { trials: [trial] })];
    expect(finalCheckpoints([experimentWith('pocket', runs)]).map((one) => one.folder)).toEqual([folder]);
  });

  it('are called by arm and run, and by what tells them from others', () => {
    const names = (trials: ReturnType<typeof trialOf>[]): string[] =>
      finalCheckpoints([experimentWith('pocket', [runWith('x', { trials })])]).map((one) =>
        checkpointName(one, english),
      );
    expect(names([trialOf()])).toEqual(['ground truth, pocket 2026-11-21 10:00']);
    expect(names([trialOf({ seed: 0 }), trialOf({ seed: 1 })])[1]).toMatch(
      /^ground truth, .+, seed 1, pocket 2026-11-21 10:00$/,
    );
    const [base, first] = trialOf().stages;
    const stages = [base!, first!, { ...first!, stage: 2, name: 'calls' }];
    expect(names([trialOf({ stages })])).toEqual([
      'ground truth: subtraction, pocket 2026-11-21 10:00',
      'ground truth: calls, pocket 2026-11-21 10:00',
    ]);
  });
});

describe('the name of what annotates', () => {
  it('is asked for once', async () => {
    const { lab, asked } = labWith();
    const names = new CheckpointNames(lab, english);
    expect(await names.of('pocket')).toBeUndefined();
    expect(asked.times).toBe(0);
    for (let k = 0; k < 3; k++) expect(await names.of(folder)).toBe('ground truth, pocket 2026-11-21 10:00');
    expect(asked.times).toBe(1);
    expect(await names.of('/models/other')).toBeUndefined();
  });

  it('is asked for again when its run has been read, or has trained it', async () => {
    const { lab, asked, change } = labWith();
    const names = new CheckpointNames(lab, english);
    asked.unread = true;
    expect(await names.of(folder)).toBeUndefined();
    asked.unread = false;
    change(['/w/runs/other', '/w/runs/x/ground']);
    expect(await names.of(folder)).toBeUndefined();
    change(['/w/runs/x']);
    expect(await names.of(folder)).toBe('ground truth, pocket 2026-11-21 10:00');
    change(['/w/runs/x']);
    expect(await names.of(folder)).toBe('ground truth, pocket 2026-11-21 10:00');
    expect(asked.times).toBe(2);
  });

  it('is asked for again when the lab server did not answer', async () => {
    const names = new CheckpointNames(labWith(1).lab, english);
    expect(await names.of(folder)).toBeUndefined();
    expect(await names.of(folder)).toBe('ground truth, pocket 2026-11-21 10:00');
  });
});
