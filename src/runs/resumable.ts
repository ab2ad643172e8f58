// Whether a run can go on with the same bytes: its data and versions, compared with those it was made with.
import { createRequire } from 'node:module';
import { hashFile } from '../data/hashFile.ts';
import { LabError } from '../shared/errors.ts';
import type { ErrorCode } from '../shared/errors.ts';
import { joinedBySemicolon, phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import type { RunConfig } from '../shared/records.ts';
import { packageVersion } from './packageRoot.ts';

/** The versions that a run of this process is made with. */
export function versionsNow(): RunConfig['versions'] {
  return {
    forgettingLab: packageVersion,
    node: process.version,
    onnxruntime: runtimeVersion(),
    platform: `${process.platform}-${process.arch}`,
  };
}

/** Version of ONNX Runtime, or 'absent' where the package is not installed. */
export function runtimeVersion(): string {
  try {
    const manifest = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
    return manifest.version;
  } catch {
    return 'absent';
  }
}

/** Throws `run-not-resumable` when a data file is no longer what the run read. */
export async function requireSameData(folder: string, config: RunConfig): Promise<void> {
  const changed: Phrase[] = [];
  for (const [file, hash] of Object.entries(config.dataHashes)) {
    const now = await hashFile(file).catch(() => undefined);
    if (now === undefined) changed.push(phrase('{0} is missing', file));
    else if (now !== hash) changed.push(phrase('{0} has changed', file));
  }
  if (changed.length > 0) throw notResumable(folder, changed, phrase('Put them back as they were, or start a new run'));
}

/** Throws `run-versions-differ` when the last bits may come out differently; a person may go on all the same. */
export function requireSameVersions(folder: string, config: RunConfig): void {
  const now = versionsNow();
  const changed = (['forgettingLab', 'onnxruntime', 'platform'] as const)
    .filter((name) => now[name] !== config.versions[name])
    .map((name) => phrase('{0} is {1}, the run was made with {2}', name, now[name], config.versions[name]));
  if (changed.length === 0) return;
  const remedy = phrase(
    'Use the same versions, start a new run, or resume anyway (--force on the command line) and accept results that may differ',
  );
  throw notResumable(folder, changed, remedy, 'run-versions-differ');
}

/** The error for a run that cannot be continued as it was begun. */
export function notResumable(
  folder: string,
  reasons: readonly Phrase[],
  remedy: Phrase,
  code: ErrorCode = 'run-not-resumable',
): LabError {
  const message = phrase('{0} cannot be continued bit for bit: {1}', folder, joinedBySemicolon(reasons));
  return new LabError(code, message, { remedy });
}
