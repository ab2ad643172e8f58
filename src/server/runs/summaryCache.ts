// Summaries of runs on disk, so that a server that starts anew need not read a thousand runs again. One JSON object a line:
// a line that cannot be read costs its run one reading, nothing more.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writeTextAtomically } from '../../runs/files.ts';
import { packageVersion } from '../../runs/packageRoot.ts';
import type { RunSummary } from '../../shared/protocol/lab/runs.ts';
import { slices } from '../../lab/slices.ts';

/** Raised when a summary of an earlier version must not be used. */
const cacheVersion = `4 ${packageVersion}`;

export interface CachedSummary {
  stamp: string;
  summary: RunSummary;
  /** Stamp of the results for which `summary.breaches` is exact. */
  exactFor?: string;
}

const cacheFile = (stateFolder: string): string => join(stateFolder, 'runs.jsonl');

/** The cached summaries by folder; an absent or damaged cache is an empty one. */
export async function readSummaryCache(stateFolder: string): Promise<Map<string, CachedSummary>> {
  const cached = new Map<string, CachedSummary>();
  const pause = slices();
  try {
    const lines = createInterface({ input: createReadStream(cacheFile(stateFolder), 'utf8'), crlfDelay: Infinity });
    let isFirst = true;
    for await (const line of lines) {
      if (isFirst && line !== JSON.stringify(cacheVersion)) {
        lines.close();
        return cached;
      }
      if (!isFirst) addLine(cached, line);
      isFirst = false;
      await pause();
    }
  } catch {
    // It is only a cache: what cannot be read is computed again.
  }
  return cached;
}

function addLine(cached: Map<string, CachedSummary>, line: string): void {
  try {
    const entry = JSON.parse(line) as CachedSummary;
    cached.set(entry.summary.folder, entry);
  } catch {
    // Cut by a crash.
  }
}

/** Writes all summaries. */
export async function writeSummaryCache(stateFolder: string, entries: Iterable<CachedSummary>): Promise<void> {
  const pause = slices();
  const lines = [JSON.stringify(cacheVersion)];
  for (const entry of entries) {
    lines.push(JSON.stringify(entry));
    await pause();
  }
  await writeTextAtomically(cacheFile(stateFolder), `${lines.join('\n')}\n`);
}
