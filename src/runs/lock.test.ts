import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { lockHolder, lockRun } from './lock.ts';

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
    // Linux process ids end at 4194304.
    await writeFile(join(folder, 'lock.json'), JSON.stringify({ pid: 4_194_305, host: hostname(), processStart: '1' }));
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
});
