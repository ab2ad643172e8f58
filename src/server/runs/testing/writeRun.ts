// Writes the synthetic run of the report's tests into a run folder, as the runner would.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syntheticRun } from '../../../report/testing/syntheticRun.ts';
import type { SyntheticOptions } from '../../../report/testing/syntheticRun.ts';
import { recordFiles } from '../../../runs/runFolder.ts';
import type { RunRecord } from '../../../runs/runFolder.ts';
import type { RunConfig, RunData } from '../../../shared/records.ts';

export interface WriteRunOptions extends SyntheticOptions {
  /** Default: the folder's name. */
  id?: string;
  createdAt?: string;
  /** Without its judged answers the files of a thousand runs are written in a second. */
  withItems?: boolean;
  change?: (run: RunData) => RunData;
}

/** Writes a finished run and gives its records. */
export async function writeRun(folder: string, options: WriteRunOptions = {}): Promise<RunData> {
  const made = syntheticRun(options);
  const config: RunConfig = {
    ...made.run.config,
    id: options.id ?? folder.split('/').at(-1) ?? 'run',
    createdAt: options.createdAt ?? made.run.config.createdAt,
  };
  const run = options.change?.({ ...made.run, folder, config }) ?? { ...made.run, folder, config };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(run.config, null, 2)}\n`);
  await writeRecords(folder, run.status ? [run.status] : []);
  for (const records of [run.cells, run.metrics, run.targets, run.checkpoints, run.drift, run.probes, run.log]) {
    await writeRecords(folder, records);
  }
  if (options.withItems === false) return run;
  for (const cell of run.cells) {
    const items = await made.readItems(cell);
    await mkdir(dirname(join(folder, cell.items)), { recursive: true });
    await writeFile(join(folder, cell.items), items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  }
  return run;
}

async function writeRecords(folder: string, records: readonly RunRecord[]): Promise<void> {
  const [first] = records;
  if (!first) return;
  await writeFile(join(folder, recordFiles[first.kind]), records.map((one) => `${JSON.stringify(one)}\n`).join(''));
}
