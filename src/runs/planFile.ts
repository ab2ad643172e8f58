// plan.json: the list of work with its sizes, written when a run begins, so that anyone can tell the share that is done
// from the files alone.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeTextAtomically } from './files.ts';
import type { Work } from './plan.ts';
import { planFile } from './runFolder.ts';

interface PlanFile {
  formatVersion: 1;
  work: Work[];
}

/** Writes the plan of a run; the same run always has the same one. */
export async function writePlan(folder: string, work: readonly Work[]): Promise<void> {
  const plain = work.map((one) => {
    const { arm, lr, seed } = one.key;
    return { ...one, key: { arm, lr, seed } };
  });
  const text = JSON.stringify({ formatVersion: 1, work: plain } satisfies PlanFile);
  await writeTextAtomically(join(folder, planFile), `${text}\n`);
}

/** The plan of a run; undefined when it has none or it cannot be read. */
export async function readPlan(folder: string): Promise<Work[] | undefined> {
  const text = await readFile(join(folder, planFile), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const plan = JSON.parse(text) as Partial<PlanFile> | null;
    const ours = plan?.formatVersion === 1 && Array.isArray(plan.work) && plan.work.every(isWork);
    return ours ? plan.work : undefined;
  } catch {
    return undefined;
  }
}

/** As far as whoever looks for the work of a trial relies on it. */
function isWork(value: unknown): boolean {
  const { key, stage } = (value ?? {}) as Partial<Work>;
  return typeof stage === 'number' && typeof key === 'object' && typeof key.arm === 'string';
}
