import { describe, expect, it } from 'vitest';
import { contextValues } from './contextValues.ts';
import { ExperimentsModel } from './experimentsModel.ts';
import { experimentWith, runWith, sessionWith } from './testing.ts';

const valuesOf = (model: ExperimentsModel): Record<string, boolean> => Object.fromEntries(contextValues(model, false));

describe('what the palette knows', () => {
  it('hides nothing while no list is there', () => {
    const hiding = Object.entries(valuesOf(new ExperimentsModel())).filter(([key]) => /\.no(ne)?[A-Z]/.test(key));
    expect(hiding.map(([key]) => key)).toEqual([
      'forgettingLab.noRuns',
      'forgettingLab.noExperiments',
      'forgettingLab.noneRunning',
      'forgettingLab.noneResumable',
    ]);
    expect(hiding.filter(([, value]) => value)).toEqual([]);
  });

  it('says that nothing runs and nothing can be resumed', () => {
    const model = new ExperimentsModel();
    model.setList([experimentWith('pocket', [runWith('a')])]);
    const idle = { 'forgettingLab.noneRunning': true, 'forgettingLab.noneResumable': true };
    expect(valuesOf(model)).toMatchObject({ ...idle, 'forgettingLab.noRuns': false });
    model.setRun(runWith('a', { state: 'interrupted' }));
    expect(valuesOf(model)).toMatchObject({ ...idle, 'forgettingLab.noneResumable': false });
    model.setRun(runWith('a', { state: 'running' }));
    expect(valuesOf(model)).toMatchObject({ ...idle, 'forgettingLab.noneRunning': false });
    model.setRun(runWith('a'));
    model.setSessions([sessionWith('s', { state: 'queued' })]);
    expect(valuesOf(model)).toMatchObject({ ...idle, 'forgettingLab.noneRunning': false });
  });
});
