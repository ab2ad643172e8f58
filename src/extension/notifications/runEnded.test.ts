import { describe, expect, it } from 'vitest';
import { sessionWith } from '../sidebar/testing.ts';
import { english } from '../translate.ts';
import { endedMessage } from './runEnded.ts';

const long = { startedAt: '2026-11-21T10:00:00Z', endedAt: '2026-11-21T10:02:05Z' };

describe('the end of a session', () => {
  it('is told when it was long and nobody watched', () => {
    expect(endedMessage(sessionWith('a', { ...long, state: 'done' }), false, english)).toEqual({
      text: 'pocket is done after 2 min 5 s.',
      failed: false,
    });
  });

  it('is not told when it was short, watched, or stopped by hand', () => {
    const short = { startedAt: long.startedAt, endedAt: '2026-11-21T10:00:59Z' };
    expect(endedMessage(sessionWith('a', { ...short, state: 'failed' }), false, english)).toBeUndefined();
    expect(endedMessage(sessionWith('a', { ...long, state: 'done' }), true, english)).toBeUndefined();
    expect(endedMessage(sessionWith('a', { ...long, state: 'stopped' }), false, english)).toBeUndefined();
    expect(endedMessage(sessionWith('a', { state: 'failed' }), false, english)).toBeUndefined();
  });

  it('names reason and remedy of a failure, and makes no link of them', () => {
    const failed = sessionWith('a', { ...long, state: 'failed', reason: '[x](command:y)', remedy: 'Free some space' });
    expect(endedMessage(failed, false, english)?.text).toBe(
      'pocket failed after 2 min 5 s: [x] (command:y). Free some space',
    );
  });
});
