import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { processStart } from '../runs/processes.ts';
import type { ServerLock, ServerPlace } from '../shared/protocol/lab/place.ts';
import { readServerLock, takeServerLock } from './lock.ts';

async function testPlace(): Promise<ServerPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-place-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { root: folder, folder, lockFile: join(folder, 'lock.json') };
}

const lockOf = (token: string): ServerLock => ({
  pid: process.pid,
  processStart: processStart(process.pid),
  version: '1',
  protocolVersion: 1,
  token,
  endpoint: 'none',
  startedAt: new Date().toISOString(),
  heartbeatAt: new Date().toISOString(),
});

// Linux process ids end at 4194304.
const dead: ServerLock = { ...lockOf('dead'), pid: 4_194_305 };

test.each(Array.from({ length: 10 }, (_, round) => round))('one of many takes over a dead lock, round %i', async () => {
  const place = await testPlace();
  await writeFile(place.lockFile, JSON.stringify(dead));
  // At slightly different moments: some find the dead lock when another has just been put in its place.
  const tries = Array.from({ length: 30 }, async (_, at) => {
    for (let turn = 0; turn < 3 * at; turn++) await new Promise(setImmediate);
    return takeServerLock(place, lockOf(`t${at}`));
  });
  const taken = await Promise.all(tries);
  const winners = taken.flatMap((one, at) => ('held' in one ? [`t${at}`] : []));
  expect(winners).toHaveLength(1);
  expect((await readServerLock(place.lockFile))?.token).toBe(winners[0]);
  expect(taken.flatMap((one) => ('other' in one ? [one.other.token] : []))).toEqual(Array(29).fill(winners[0]));
  expect(await readdir(place.folder)).toEqual(['lock.json']);
  for (const one of taken) if ('held' in one) await one.held.release();
});

test('whoever has lost the lock is told at the next beat, and does not take it away from its successor', async () => {
  const place = await testPlace();
  const first = await takeServerLock(place, lockOf('first'));
  if (!('held' in first)) throw new Error('it was free');
  expect(await first.held.beat()).toBe('ours');
  await rm(place.lockFile);
  expect(await first.held.beat()).toBe('nobody');
  const second = await takeServerLock(place, lockOf('second'));
  expect(await first.held.beat()).toBe('other');
  await first.held.release();
  expect((await readServerLock(place.lockFile))?.token).toBe('second');
  if ('held' in second) await second.held.release();
  expect(await readdir(place.folder)).toEqual([]);
});
