import { expect, test, vi } from 'vitest';
import { listSessions, sessionsChanged } from '../../shared/protocol/lab/sessions.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import type { Lab, LabState } from '../workbench.ts';
import { followSession } from './sessionEvents.ts';

const session = (state: SessionSummary['state'], more: Partial<SessionSummary> = {}): SessionSummary => ({
  id: 'a',
  work: { kind: 'resume', run: '/r' },
  title: '',
  state,
  queuedAt: '',
  ...more,
});

/** A lab whose sessions and connection a test moves. */
function fakeLab() {
  const listeners = new Set<(params: unknown) => void>();
  const states = new Set<(state: LabState) => void>();
  const listed: SessionSummary[] = [];
  const lab = {
    state: 'attached',
    onDidChangeState: (listener: (state: LabState) => void) => {
      states.add(listener);
      return { dispose: () => states.delete(listener) };
    },
    request: async (spec: unknown) => (spec === listSessions ? [...listed] : undefined),
    notify: () => undefined,
    on: (spec: unknown, listener: (params: never) => void) => {
      if (spec === sessionsChanged) listeners.add(listener as (params: unknown) => void);
      return { dispose: () => listeners.delete(listener as (params: unknown) => void) };
    },
  } as unknown as Lab;
  const tell = (sessions: SessionSummary[], removed: string[] = []): void => {
    for (const listener of [...listeners]) listener({ sessions, removed });
  };
  const attach = (): void => {
    for (const listener of [...states]) listener('attached');
  };
  return { lab, tell, attach, listed, listeners };
}

test('a session is followed until it is seen as wanted', async () => {
  const { lab, tell, listeners } = fakeLab();
  const states: string[] = [];
  followSession(lab, 'a', ({ state }) => {
    states.push(state);
    return state === 'running';
  });
  tell([session('queued'), session('failed', { id: 'other' })]);
  tell([session('running')]);
  tell([session('done')]);
  expect(states).toEqual(['queued', 'running']);
  expect(listeners.size).toBe(0);
});

test('what happened before listening or while away is asked for', async () => {
  const { lab, attach, listed } = fakeLab();
  const seen = vi.fn(({ state }: SessionSummary) => state === 'done');
  followSession(lab, 'a', seen);
  await vi.waitFor(() => expect(seen).not.toHaveBeenCalled());
  listed.push(session('done'));
  attach();
  await vi.waitFor(() => expect(seen).toHaveBeenCalledTimes(1));
});

test('a removed session is not waited for', () => {
  const { lab, tell, listeners } = fakeLab();
  followSession(lab, 'a', () => false);
  tell([], ['a']);
  expect(listeners.size).toBe(0);
});
