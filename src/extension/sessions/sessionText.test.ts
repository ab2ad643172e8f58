import { expect, it } from 'vitest';
import { phrase } from '../../shared/phrase.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import { english } from '../translate.ts';
import { sessionText } from './sessionText.ts';

const session: SessionSummary = {
  id: 's1',
  work: { kind: 'evaluate', model: '/w/runs/x/stage-1', experiment: '/w/a.experiment.yaml', benchmarks: ['b'] },
  title: phrase('{0} benchmarks of {1}', 2, 'x/stage-1'),
  state: 'done',
  queuedAt: '2026-11-21T10:00:00.000Z',
  startedAt: '2026-11-21T10:00:00.000Z',
  endedAt: '2026-11-21T10:02:00.000Z',
  result: [phrase('{0}: {1}', 'sorting', '.50'), phrase('{0}: {1}', 'refusal', '.90')],
};

it('says what was asked, every line of the result and the log', () => {
  expect(sessionText(session, 'measure sorting\n', english)).toBe(
    [
      '2 benchmarks of x/stage-1',
      'done after 2 min',
      '',
      '/w/runs/x/stage-1',
      '/w/a.experiment.yaml',
      '',
      'sorting: .50',
      'refusal: .90',
      '',
      'Log:',
      'measure sorting',
      '',
    ].join('\n'),
  );
});

it('says why it failed and what to do, without a log where there is none', () => {
  const failed: SessionSummary = { ...session, state: 'failed', result: [], reason: 'no memory', remedy: 'Buy some' };
  expect(sessionText(failed, '', english)).toBe(
    [
      '2 benchmarks of x/stage-1',
      'failed after 2 min',
      '',
      '/w/runs/x/stage-1',
      '/w/a.experiment.yaml',
      '',
      'no memory',
      'Buy some',
      '',
    ].join('\n'),
  );
});
