import { describe, expect, it } from 'vitest';
import { identityOf, panelAccess } from './access.ts';

describe('what panels may ask', () => {
  it('starts and stops nothing: that is done by commands, which ask first', () => {
    const asked = Object.values(panelAccess).flatMap(({ requests }) => requests.map(({ method }) => method));
    expect(asked.filter((method) => /^lab\/|launch|stop|remove/.test(method))).toEqual([]);
  });

  it('writes only where a panel is for writing', () => {
    for (const [kind, { requests }] of Object.entries(panelAccess)) {
      const trusting = requests.filter(({ needsTrust }) => needsTrust).map(({ method }) => method);
      if (kind !== 'targetDiff') expect(trusting, kind).toEqual([]);
    }
  });
});

describe('one panel per kind and subject', () => {
  it('does not count titles and state of the page', () => {
    expect(identityOf('heatmap', { run: '/r', title: 'a', cell: 3 })).toBe(
      identityOf('heatmap', { run: '/r', title: 'b' }),
    );
    expect(identityOf('heatmap', { run: '/r' })).not.toBe(identityOf('heatmap', { run: '/s' }));
    expect(identityOf('heatmap', { run: '/r' })).not.toBe(identityOf('monitor', { run: '/r' }));
    expect(identityOf('compare', { runs: ['/a', '/b'] })).not.toBe(identityOf('compare', { runs: ['/a'] }));
  });
});
