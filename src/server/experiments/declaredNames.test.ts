import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../data/testFolder.ts';
import { fakeWorkspace } from '../../runs/testing/fakeWorkspace.ts';
import { inEnglish } from '../../shared/phrase.ts';
import { validateExperiment } from '../../shared/protocol/lab/experiments.ts';
import type { ExperimentDiagnostic } from '../../shared/protocol/lab/experiments.ts';
import { memoryServer } from '../runs/testing/memoryServer.ts';
import { experimentsPart } from './experimentsPart.ts';

interface Opened {
  folder: string;
  original: string;
  /** The diagnostics of a file as it is on disk. */
  diagnose: (file: string) => Promise<ExperimentDiagnostic[]>;
}

async function opened(): Promise<Opened> {
  const folder = await fakeWorkspace();
  const server = await memoryServer(experimentsPart, folder);
  const diagnose: Opened['diagnose'] = async (file) =>
    (await server.call(validateExperiment, { path: file, text: await readFile(file, 'utf8') })).filter(
      ({ code }) => code === 'duplicate',
    );
  return { folder, original: join(folder, 'lab.experiment.yaml'), diagnose };
}

describe('a name that another experiment file has', () => {
  test('is a warning at the name, with a name that is free', async () => {
    const { folder, original, diagnose } = await opened();
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'other.experiment.yaml'), 'name: fake-2\nunfinished:');
    const copy = join(folder, 'sub', 'copy.experiment.yaml');
    await copyFile(original, copy);
    const [warning, ...others] = await diagnose(copy);
    expect(others).toEqual([]);
    expect(inEnglish(warning?.message ?? '')).toMatch(/^Name also used by \.\.\/lab\.experiment\.yaml: give one/);
    expect(warning).toMatchObject({ severity: 'warning', fix: { range: warning?.range } });
    expect(warning?.fix?.newText).toMatch(/^"?fake-3"?$/);
    expect((await diagnose(original)).map(({ message }) => inEnglish(message))).toEqual([
      expect.stringContaining('sub/copy.experiment.yaml'),
    ]);
    await writeFile(copy, (await readFile(copy, 'utf8')).replace(/(name"?: "?)fake/, '$1varied'));
    expect(await diagnose(original)).toEqual([]);
    expect(await diagnose(copy)).toEqual([]);
  });

  test('of a file that appears later is noticed as well', async () => {
    const { folder, original, diagnose } = await opened();
    expect(await diagnose(original)).toEqual([]);
    await copyFile(original, join(folder, 'copy.experiment.yaml'));
    await vi.waitFor(async () => expect(await diagnose(original)).toHaveLength(1), 10_000);
  });

  test('is not its own by another path', async () => {
    const { folder, diagnose } = await opened();
    const link = join(await temporaryFolder(), 'link');
    await symlink(folder, link);
    expect(await diagnose(join(link, 'lab.experiment.yaml'))).toEqual([]);
  });
});
