import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { reportAnswers, type ReportService } from '../runs/report.ts';
import { temporaryFolder } from '../runs/testing/memoryServer.ts';
import { writeRun } from '../runs/testing/writeRun.ts';
import { threadFile, ThreadDesk } from './threadDesk.ts';

const file = threadFile('reportThread');

// From source without a build there is no bundle of the thread; `npm test` builds first.
describe.skipIf(file === undefined)('the report thread', () => {
  const desk = (): ThreadDesk<ReportService> => {
    const made = new ThreadDesk<ReportService>(file ?? '');
    onTestFinished(() => made.close());
    return made;
  };

  test('answers as the functions behind it, and the caller is never held up', async () => {
    const folder = join(await temporaryFolder('lab-desk-'), 'run');
    await writeRun(folder, { learningRates: [3e-4, 1e-4] });
    let worst = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      worst = Math.max(worst, performance.now() - last);
      last = performance.now();
    }, 2);
    const report = await desk().ask('matrix', { folder });
    clearInterval(timer);
    expect(report).toEqual(await reportAnswers.matrix({ folder }));
    console.log(`longest pause while intervals were computed: ${worst.toFixed(0)} ms`);
  });

  test('says what a person can mend, and goes on after it was ended', async () => {
    const folder = join(await temporaryFolder('lab-desk-'), 'run');
    const one = desk();
    await expect(one.ask('matrix', { folder })).rejects.toMatchObject({
      code: 'run-invalid',
      remedy: '`forgetting-lab list` shows the runs there are',
    });
    const asked = one.ask('matrix', { folder });
    await Promise.all([one.close(), expect(asked).rejects.toThrow('was ended')]);
    await expect(one.ask('matrix', { folder })).rejects.toThrow('is not a run folder');
  });
});

const looping = join(dirname(fileURLToPath(import.meta.url)), 'testing/loopingThread.mjs');

test('a thread that does not come back is ended, and the next request gets another', async () => {
  const desk = new ThreadDesk<{ echo: { ask: string; answer: string }; loop: { ask: null; answer: null } }>(looping, {
    limitMs: 200,
  });
  onTestFinished(() => desk.close());
  expect(await desk.ask('echo', 'a')).toBe('a');
  const [stuck, behind] = [desk.ask('loop', null), desk.ask('echo', 'b')];
  await Promise.all([
    expect(stuck).rejects.toThrow('the thread took longer than 0.2 s'),
    expect(behind).rejects.toThrow('the thread took longer than 0.2 s'),
  ]);
  expect(await desk.ask('echo', 'c')).toBe('c');
});
