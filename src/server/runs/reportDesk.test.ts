import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { answerReport } from './report.ts';
import { reportThreadFile, ThreadDesk } from './reportDesk.ts';
import { temporaryFolder } from './testing/memoryServer.ts';
import { writeRun } from './testing/writeRun.ts';

const file = reportThreadFile();

// From source without a build there is no bundle of the thread; `npm test` builds first.
describe.skipIf(file === undefined)('the report thread', () => {
  const desk = (): ThreadDesk => {
    const made = new ThreadDesk(file ?? '');
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
    const report = await desk().ask({ kind: 'matrix', folder });
    clearInterval(timer);
    expect(report).toEqual(await answerReport({ kind: 'matrix', folder }));
    console.log(`longest pause while intervals were computed: ${worst.toFixed(0)} ms`);
  });

  test('says what a person can mend, and goes on after it was ended', async () => {
    const folder = join(await temporaryFolder('lab-desk-'), 'run');
    const one = desk();
    await expect(one.ask({ kind: 'matrix', folder })).rejects.toMatchObject({
      code: 'run-invalid',
      remedy: '`forgetting-lab list` shows the runs there are',
    });
    const asked = one.ask({ kind: 'matrix', folder });
    await Promise.all([one.close(), expect(asked).rejects.toThrow('was ended')]);
    await expect(one.ask({ kind: 'matrix', folder })).rejects.toThrow('is not a run folder');
  });
});
