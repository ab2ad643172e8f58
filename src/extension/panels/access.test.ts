import { describe, expect, it } from 'vitest';
import { identityOf, panelAccess } from './access.ts';

describe('what panels may ask', () => {
  it('starts and stops nothing: that is done by commands, which ask first', () => {
    const asked = Object.values(panelAccess).flatMap(({ requests }) => requests.map(({ method }) => method));
    expect(asked.filter((method) => /^lab\/|launch|stop|remove/.test(method))).toEqual([]);
  });

  it('computes and writes only where a panel is for that', () => {
    const trusting = Object.entries(panelAccess).map(([kind, { requests }]) => [
      kind,
      requests.filter(({ needsTrust }) => needsTrust).map(({ method }) => method),
    ]);
    expect(Object.fromEntries(trusting)).toEqual({
      heatmap: ['targetDiff/flips'],
      monitor: [],
      compare: [],
      targetDiff: ['targetDiff/score', 'targetDiff/write'],
    });
  });
});

it('gives a comparison back that it opened, or found open after a reload', () => {
  const { open, adopt, close } = panelAccess.targetDiff.owned!;
  expect([open, adopt, close].map((spec) => spec?.method)).toEqual([
    'targetDiff/open',
    'targetDiff/get',
    'targetDiff/close',
  ]);
});

describe('one panel per kind and subject', () => {
  it('does not count titles and state of the page', () => {
    expect(identityOf('heatmap', { run: '/r', title: 'a', cell: 3 })).toBe(
      identityOf('heatmap', { run: '/r', title: 'b' }),
    );
    expect(identityOf('heatmap', { run: '/r' })).not.toBe(identityOf('heatmap', { run: '/s' }));
    expect(identityOf('heatmap', { run: '/r' })).not.toBe(identityOf('monitor', { run: '/r' }));
    expect(identityOf('compare', { runs: ['/a', '/b'] })).not.toBe(identityOf('compare', { runs: ['/a'] }));
    expect(identityOf('compare', { runs: ['/a', '/b'] })).toBe(identityOf('compare', { runs: ['/b', '/a'] }));
  });

  it('counts the stage of a dataset that is in two of them', () => {
    const stage = (stage: number) => identityOf('targetDiff', { run: '/r', dataset: '/d', stage });
    expect(stage(1)).not.toBe(stage(3));
  });
});
