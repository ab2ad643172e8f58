import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isSameProcess } from '../../runs/processes.ts';
import { killTree } from './processTree.ts';

/** A process with a child that prints its id; both wait. */
async function family(): Promise<{ parent: number; child: number }> {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  return { parent: parent.pid as number, child: Number(line.toString()) };
}

async function expectGone(pid: number): Promise<void> {
  for (let tries = 0; tries < 100 && isSameProcess(pid, ''); tries++) await sleep(20);
  expect(isSameProcess(pid, '')).toBe(false);
}

test.skipIf(process.platform === 'win32')('ends a process with its children', async () => {
  const { parent, child } = await family();
  await killTree(parent);
  await expectGone(parent);
  await expectGone(child);
});

test.skipIf(process.platform === 'win32')('ends the children of a process that has died before', async () => {
  const { parent, child } = await family();
  process.kill(parent, 'SIGKILL');
  await expectGone(parent);
  expect(isSameProcess(child, '')).toBe(true);
  await killTree(parent);
  await expectGone(child);
});
