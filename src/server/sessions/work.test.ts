import { join } from 'node:path';
import { expect, test } from 'vitest';
import { versionsNow } from '../../runs/resumable.ts';
import { temporaryFolder } from '../runs/testing/memoryServer.ts';
import { writeRun } from '../runs/testing/writeRun.ts';
import { prepareWork } from './work.ts';

test('a run of other versions is refused before it is queued, unless they are accepted', async () => {
  const run = join(await temporaryFolder('lab-work-'), 'one');
  const made = (forgettingLab: string) =>
    writeRun(run, {
      withItems: false,
      change: (whole) => ({
        ...whole,
        config: { ...whole.config, versions: { ...versionsNow(), forgettingLab } },
      }),
    });
  await made('0.0.0');
  await expect(prepareWork({ kind: 'resume', run })).rejects.toMatchObject({ code: 'run-versions-differ' });
  expect(await prepareWork({ kind: 'resume', run, force: true })).toBe('synthetic');
  await made(versionsNow().forgettingLab);
  expect(await prepareWork({ kind: 'resume', run })).toBe('synthetic');
});
