// The curves of a run from a position on: everything that was appended since, and where to go on. One answer holds a few
// megabytes at most; a run of a hundred thousand steps comes in several.
import { readRecords } from '../../runs/readRecords.ts';
import type { RecordKind } from '../../runs/readRecords.ts';
import { readRunConfig, recordFiles } from '../../runs/runFolder.ts';
import type { CurveData, CurvePosition } from '../../shared/protocol/lab/runs.ts';

/** Bytes of records in one answer, about. */
const answerBytes = 2 * 1024 * 1024;

/** Reads on from a position; without one, from the beginning. */
export async function readCurves(folder: string, from: CurvePosition = {}): Promise<CurveData> {
  const config = await readRunConfig(folder);
  const next: CurvePosition = { ...from };
  const budget = { left: answerBytes, more: false };
  return {
    config,
    metrics: await readOn(folder, 'metric', next, budget),
    probes: await readOn(folder, 'probe', next, budget),
    drift: await readOn(folder, 'drift', next, budget),
    log: await readOn(folder, 'log', next, budget),
    next,
    more: budget.more,
  };
}

type RecordOf<Kind extends RecordKind> = Awaited<ReturnType<typeof readRecords<Kind>>>['records'][number];

async function readOn<Kind extends RecordKind>(
  folder: string,
  kind: Kind,
  next: CurvePosition,
  budget: { left: number; more: boolean },
): Promise<RecordOf<Kind>[]> {
  const file = recordFiles[kind];
  const found: RecordOf<Kind>[] = [];
  for (;;) {
    if (budget.left <= 0) {
      budget.more = true;
      return found;
    }
    const before = next[file] ?? 0;
    const piece = await readRecords(folder, kind, before);
    budget.left -= piece.restarted ? piece.next : piece.next - before;
    next[file] = piece.next;
    found.push(...piece.records);
    if (!piece.more) return found;
  }
}
