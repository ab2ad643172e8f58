// Beside other processes: a session steps back, whatever the system says.
import { constants } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import { stepBack } from './priority.ts';

const set = vi.fn<(priority: number) => void>();
const now = vi.fn<() => number>();
vi.mock('node:os', async (original) => ({
  ...(await original<object>()),
  getPriority: () => now(),
  setPriority: (priority: number) => set(priority),
}));
afterEach(() => vi.resetAllMocks());

const belowNormal = constants.priority.PRIORITY_BELOW_NORMAL;

test('a session comes after the editor', () => {
  now.mockReturnValue(0);
  stepBack();
  expect(set.mock.calls).toEqual([[belowNormal]]);
});

test('a priority that is lower already is not raised', () => {
  now.mockReturnValue(belowNormal + 5);
  stepBack();
  expect(set).not.toHaveBeenCalled();
});

test('a system that refuses does not end the session', () => {
  now.mockReturnValue(0);
  set.mockImplementation(() => {
    throw Object.assign(new Error('EACCES'), { code: 'ERR_SYSTEM_ERROR' });
  });
  expect(stepBack).not.toThrow();
});
