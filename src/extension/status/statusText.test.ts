import { describe, expect, it } from 'vitest';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import { ExperimentsModel } from '../sidebar/experimentsModel.ts';
import { experimentWith, runWith, sessionWith } from '../sidebar/testing.ts';
import { english } from '../translate.ts';
import { statusText } from './statusText.ts';

const none: ReadonlySet<string> = new Set();

describe('the status bar', () => {
  it('is a quiet mark while nothing happens', () => {
    const idle = { text: '$(beaker)', accessible: 'Forgetting Lab: idle', failed: false };
    expect(statusText([], none, english)).toMatchObject(idle);
    expect(statusText([sessionWith('a', { state: 'done' })], none, english)).toMatchObject(idle);
    expect(statusText([], none, english).session).toBeUndefined();
  });

  it('says what runs, how far it is and what waits', () => {
    const progress = { share: 0.649, activity: 'train (a)', secondsLeft: 65, tokensPerSecond: 12345 };
    const shown = statusText([sessionWith('a', { progress }), sessionWith('b', { state: 'queued' })], none, english);
    expect(shown.text).toBe('$(sync~spin) pocket 64 %');
    expect(shown.tooltip).toContain('12,345 tokens/s');
    expect(shown.tooltip).toContain('1 queued');
    expect(shown.session?.id).toBe('a');
  });

  it('says of a run the share that its summary tells', () => {
    const model = new ExperimentsModel();
    const run = runWith('live', { state: 'running', share: 0.5 });
    model.setList([experimentWith('pocket', [run])]);
    const progress = { share: 0.88, activity: 'train (a)' };
    model.setSessions([sessionWith('a', { run: run.folder, progress })]);
    expect(statusText(model.allSessions(), none, english).text).toBe('$(sync~spin) pocket 50 %');
    model.setRun({ ...run, share: 0.519 });
    expect(statusText(model.allSessions(), none, english).text).toBe('$(sync~spin) pocket 51 %');
  });

  it('says what failed until it has been seen', () => {
    const sessions = [sessionWith('a', { state: 'failed', reason: 'no space' })];
    expect(statusText(sessions, none, english)).toMatchObject({ failed: true, text: '$(error) pocket failed' });
    expect(statusText(sessions, new Set(['a']), english).accessible).toBe('Forgetting Lab: idle');
  });

  it('forgets a failure once the same work has succeeded', () => {
    const failed = sessionWith('a', { state: 'failed' });
    const work = { kind: 'resume', run: '/w/runs/x' } as const;
    const idle = 'Forgetting Lab: idle';
    const shown = (...sessions: SessionSummary[]): string => statusText(sessions, none, english).accessible;
    expect(shown(failed, sessionWith('b', { state: 'done' }))).toBe(idle);
    expect(shown(failed, sessionWith('b', { state: 'done', work }))).toBe(idle);
    const merge = { kind: 'merge', base: 'a', tuned: 'b', lambda: 0.5, out: '/o' } as const;
    for (const other of [
      sessionWith('b', { state: 'done', title: 'calls' }),
      sessionWith('b', { state: 'done', work: merge }),
      sessionWith('b', { state: 'stopped' }),
    ])
      expect(shown(failed, other)).toContain('failed');
    expect(shown(sessionWith('b', { state: 'done' }), failed)).toContain('failed');
  });

  it('makes no icon and no markup of a name', () => {
    const shown = statusText([sessionWith('a', { title: '$(trash) [x](command:y)' })], none, english);
    expect(shown.text).toBe('$(sync~spin) \\$(trash) [x](command:y) starting');
    expect(shown.tooltip).not.toMatch(/(?<!\\)\[/);
  });
});
