import { describe, expect, it } from 'vitest';
import type { PanelKind, PanelSubject } from '../workbench.ts';
import { OpenPanels } from './openPanels.ts';
import type { OpenPanel } from './openPanels.ts';

interface Panel extends OpenPanel {
  done: string[];
}

function panel(kind: PanelKind, subject: PanelSubject): Panel {
  const done: string[] = [];
  return { kind, subject, done, reveal: () => done.push('reveal'), draw: () => done.push('draw') };
}

describe('open panels', () => {
  it('are shown again, for the same kind and subject only', () => {
    const panels = new OpenPanels<Panel>();
    const subject = { title: 'a', run: '/r' };
    const heatmap = panel('heatmap', subject);
    panels.add(heatmap, subject);
    expect(panels.show('heatmap', { title: 'another name', run: '/r' })).toBe(true);
    expect(heatmap.done).toEqual(['reveal']);
    expect(panels.show('monitor', subject)).toBe(false);
    expect(panels.show('heatmap', { title: 'a', run: '/s' })).toBe(false);
    panels.remove(heatmap);
    expect(panels.show('heatmap', subject)).toBe(false);
  });

  it('are about what their page has come to be about', () => {
    const panels = new OpenPanels<Panel>();
    const compare = panel('compare', { title: '3', runs: ['/a', '/b', '/c'] });
    panels.add(compare, compare.subject);
    compare.subject = { title: '2', runs: ['/a', '/b'] };
    expect(panels.find('compare', { title: '', runs: ['/a', '/b', '/c'] })).toBeUndefined();
    expect(panels.find('compare', { title: '', runs: ['/a', '/b'] })).toBe(compare);
  });

  it('stay listed when the page of another comes to be about the same', () => {
    const panels = new OpenPanels<Panel>();
    const [one, other] = [panel('compare', { title: '', runs: ['/a'] }), panel('compare', { title: '', runs: ['/b'] })];
    panels.add(one);
    panels.add(other);
    other.subject = one.subject;
    panels.remove(other);
    expect(panels.all).toEqual([one]);
    expect(panels.find('compare', one.subject)).toBe(one);
  });

  it('show what else they are asked for, and keep what the reader chose when asked for the same', () => {
    const panels = new OpenPanels<Panel>();
    const subject = (model: string) => ({ title: 'Targets', dataset: '/d', model: { name: model } });
    const diff = panel('targetDiff', subject('pocket'));
    panels.add(diff, subject('pocket'));
    diff.subject = subject('chosen by the reader');
    panels.show('targetDiff', subject('pocket'));
    expect(diff.done).toEqual(['reveal']);
    expect(diff.subject).toEqual(subject('chosen by the reader'));
    panels.show('targetDiff', subject('/checkpoint'));
    expect(diff.done).toEqual(['reveal', 'draw', 'reveal']);
    expect(diff.subject).toEqual(subject('/checkpoint'));
  });

  it('of an earlier window keep what the reader chose there', () => {
    const panels = new OpenPanels<Panel>();
    const revived = panel('targetDiff', { title: 'Targets', dataset: '/d', model: { name: '/chosen' } });
    panels.add(revived);
    panels.show('targetDiff', { title: 'Targets', dataset: '/d', model: { name: 'pocket' } });
    expect(revived.done).toEqual(['reveal']);
  });
});
