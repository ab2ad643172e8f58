import { link, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { lockHolder, lockRun } from './lock.ts';

vi.mock('node:fs/promises', async (load) => {
  const real = await load<Record<'link', typeof link>>();
  return { ...real, link: vi.fn(real.link) };
});

// Linux process ids end at 4194304.
const dead = { pid: 4_194_305, host: hostname(), processStart: '1' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-lock-'));
});

describe('lockRun', () => {
  test('a second holder is refused until the first gives back', async () => {
    const release = await lockRun(folder);
    expect(await lockHolder(folder)).toBe(process.pid);
    await expect(lockRun(folder)).rejects.toThrow(new RegExp(`process ${process.pid}`));
    await release();
    expect(await lockHolder(folder)).toBeUndefined();
    await (
      await lockRun(folder)
    )();
    expect(await readdir(folder)).toEqual([]);
  });

  test('the lock of a dead process is taken over', async () => {
    await writeFile(join(folder, 'lock.json'), JSON.stringify(dead));
    await (
      await lockRun(folder)
    )();
  });

  test('a reused process id is told apart by its start', async () => {
    await writeFile(
      join(folder, 'lock.json'),
      JSON.stringify({ pid: process.pid, host: hostname(), processStart: '1' }),
    );
    await (
      await lockRun(folder)
    )();
  });

  test('a cut lock file is taken over', async () => {
    await writeFile(join(folder, 'lock.json'), '{"pid": 1');
    await (
      await lockRun(folder)
    )();
  });

  test('a lock from another machine is respected', async () => {
    await writeFile(join(folder, 'lock.json'), JSON.stringify({ pid: 1, host: 'elsewhere', processStart: '' }));
    await expect(lockRun(folder)).rejects.toThrow(/elsewhere/);
  });

  test.each(Array.from({ length: 10 }, (_, round) => round))(
    'one of many takes over the lock of a killed run, round %i',
    async () => {
      await writeFile(join(folder, 'lock.json'), JSON.stringify(dead));
      // At slightly different moments: some find the dead lock when another has just been put in its place.
      const tries = Array.from({ length: 30 }, async (_, at) => {
        for (let turn = 0; turn < 3 * at; turn++) await new Promise(setImmediate);
        return lockRun(folder);
      });
      const taken = await Promise.allSettled(tries);
      const winners = taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(winners).toHaveLength(1);
      const refusals = taken.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
      expect(refusals.filter((text) => !text.includes(`is being worked on by process ${process.pid}`))).toEqual([]);
      expect(await readdir(folder)).toEqual(['lock.json']);
      await winners[0]?.();
      expect(await readdir(folder)).toEqual([]);
    },
  );

  test("whoever gives back does not take a successor's lock away", async () => {
    const release = await lockRun(folder);
    const other = JSON.stringify({ pid: 1, host: 'elsewhere', processStart: '' });
    await writeFile(join(folder, 'lock.json'), other);
    await release();
    expect(await readFile(join(folder, 'lock.json'), 'utf8')).toBe(other);
  });

  test('one of many takes it over where there are no hard links', async () => {
    vi.mocked(link).mockImplementation(() => Promise.reject(Object.assign(new Error('no links'), { code: 'EPERM' })));
    onTestFinished(() => void vi.mocked(link).mockReset());
    await writeFile(join(folder, 'lock.json'), JSON.stringify(dead));
    const taken = await Promise.allSettled(Array.from({ length: 10 }, () => lockRun(folder)));
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['lock.json']);
  });
});
