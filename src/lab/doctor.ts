// Is everything there that a run needs? The same checks for the command line and the editor.
import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { startEngine } from '../engine/client.ts';
import type { Engine } from '../engine/engine.ts';
import { packageVersion, pocketExperimentFile, pocketModelFolder } from '../runs/packageRoot.ts';
import { runtimeVersion } from '../runs/resumable.ts';
import { errorLine } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { Words } from '../shared/phrase.ts';
import type { DoctorCheck } from '../shared/protocol/lab/doctor.ts';
import { exists } from './exists.ts';

const gib = 1024 ** 3;

const check = (name: Words, state: DoctorCheck['state'], detail: Words): DoctorCheck => ({
  kind: 'check',
  name,
  state,
  detail,
});

/** The sentence below the checks. */
export function doctorSentence(checks: readonly DoctorCheck[]): string {
  const problems = checks.filter(({ state }) => state === 'problem').length;
  return problems === 0 ? 'Everything a run needs is there.' : `${problems} to mend before a run.`;
}

/** One check after another; `folder` is where runs would be written. Every device gets an engine of its own. */
export async function* doctorChecks(folder: string, signal?: AbortSignal): AsyncGenerator<DoctorCheck> {
  yield check('forgetting-lab', 'ok', packageVersion);
  const major = Number(process.versions.node.split('.')[0]);
  yield check(
    'node',
    major >= 20 ? 'ok' : 'problem',
    major >= 20 ? process.version : phrase('{0}, needs 20 or newer', process.version),
  );
  const runtime = runtimeVersion();
  yield check(
    'onnxruntime',
    runtime === 'absent' ? 'problem' : 'ok',
    runtime === 'absent' ? phrase('not installed: npm ci') : runtime,
  );
  const missing = phrase('missing: npm run build:pocket');
  const pocket = await exists(pocketModelFolder);
  yield check(phrase('pocket model'), pocket ? 'ok' : 'problem', pocket ? pocketModelFolder : missing);
  const example = await exists(pocketExperimentFile);
  yield check(phrase('pocket example'), example ? 'ok' : 'warning', example ? pocketExperimentFile : missing);
  if (pocket && runtime !== 'absent') yield* deviceChecks(signal);
  const disk = await statfs(folder);
  const free = disk.bavail * disk.bsize;
  yield check(
    phrase('disk'),
    free > gib ? 'ok' : 'warning',
    phrase('{0} GiB free in {1}', (free / gib).toFixed(1), folder),
  );
  const memory = phrase(
    '{0} of {1} GiB free, {2} threads',
    (freemem() / gib).toFixed(1),
    (totalmem() / gib).toFixed(1),
    availableParallelism(),
  );
  yield check(phrase('memory'), freemem() > gib / 2 ? 'ok' : 'warning', memory);
}

async function* deviceChecks(signal: AbortSignal | undefined): AsyncGenerator<DoctorCheck> {
  for (const device of ['auto', 'cpu', 'webgpu', 'cuda'] as const) {
    if (signal?.aborted) return;
    let engine: Engine | undefined;
    try {
      // One process per device: a provider that crashes must not take the others along.
      engine = await startEngine();
      const info = await engine.load({ folder: pocketModelFolder, device });
      const seconds = await trialScore(engine, info.id);
      yield check(
        phrase('device {0}', device),
        'ok',
        phrase(
          '{0}, {1} threads: {2} ({3} s for a first score)',
          info.device,
          info.threads,
          info.deviceReason,
          seconds.toFixed(2),
        ),
      );
    } catch (error) {
      const needed = device === 'auto' || device === 'cpu';
      yield check(phrase('device {0}', device), needed ? 'problem' : 'warning', errorLine(error));
    } finally {
      await engine?.dispose().catch(() => undefined); // a dead engine has nothing to give back
    }
  }
}

async function trialScore(engine: Engine, model: number): Promise<number> {
  const startedAt = performance.now();
  await engine.score({ model, sequences: [[1, 2, 3, 4]] });
  return (performance.now() - startedAt) / 1000;
}
