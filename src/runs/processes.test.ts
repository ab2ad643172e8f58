import { describe, expect, it } from 'vitest';
import { isSameProcess, processStart } from './processes.ts';

const { pid } = process;

describe('a process that was written down', () => {
  it('is the same by its start, as the system tells it', () => {
    for (const platform of ['linux', 'darwin'] as const) {
      const start = processStart(pid, platform);
      expect(start, platform).not.toBe('');
      expect(isSameProcess(pid, start, platform), platform).toBe(true);
      expect(isSameProcess(pid, processStart(1, platform), platform), platform).toBe(false);
    }
    expect(processStart(pid, 'darwin')).toMatch(/^\w{3} \w{3} +\d+ [\d:]{8} \d{4}$/);
  });

  it('is another after the machine was started again, where only that is told', () => {
    const start = processStart(pid, 'win32');
    const [, seconds] = /^boot (\d+)$/.exec(start)!;
    expect(isSameProcess(pid, start, 'win32')).toBe(true);
    expect(isSameProcess(pid, `boot ${Number(seconds) - 10}`, 'win32')).toBe(true);
    expect(isSameProcess(pid, `boot ${Number(seconds) - 3600}`, 'win32')).toBe(false);
  });

  it('is gone when there is none', () => {
    expect(processStart(2 ** 22 + 1, 'darwin')).toBe('');
    expect(isSameProcess(2 ** 22 + 1, '')).toBe(false);
  });
});
