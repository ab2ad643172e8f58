// Is everything there that a run needs? The same checks for the command line and the editor.
import { access, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { startEngine } from '../engine/client.ts';
import type { Engine } from '../engine/engine.ts';
import { packageVersion, pocketExperimentFile, pocketModelFolder } from '../runs/packageRoot.ts';
import { runtimeVersion } from '../runs/startRun.ts';
import { describeError } from '../shared/errors.ts';
import type { DoctorCheck } from '../shared/protocol/lab/doctor.ts';

const gib = 1024 ** 3;

const check = (name: string, state: DoctorCheck['state'], detail: string): DoctorCheck => ({
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
  yield check('node', major >= 20 ? 'ok' : 'problem', `${process.version}${major >= 20 ? '' : ', needs 20 or newer'}`);
  const runtime = runtimeVersion();
  yield check(
    'onnxruntime',
    runtime === 'absent' ? 'problem' : 'ok',
    runtime === 'absent' ? 'not installed: npm ci' : runtime,
  );
  const missing = 'missing: npm run build:pocket';
  const pocket = await exists(pocketModelFolder);
  yield check('pocket model', pocket ? 'ok' : 'problem', pocket ? pocketModelFolder : missing);
  const example = await exists(pocketExperimentFile);
  yield check('pocket example', example ? 'ok' : 'warning', example ? pocketExperimentFile : missing);
  if (pocket && runtime !== 'absent') yield* deviceChecks(signal);
  const disk = await statfs(folder);
  const free = disk.bavail * disk.bsize;
  yield check('disk', free > gib ? 'ok' : 'warning', `${(free / gib).toFixed(1)} GiB free in ${folder}`);
  const memory = `${(freemem() / gib).toFixed(1)} of ${(totalmem() / gib).toFixed(1)} GiB free, ${availableParallelism()} threads`;
  yield check('memory', freemem() > gib / 2 ? 'ok' : 'warning', memory);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

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
        `device ${device}`,
        'ok',
        `${info.device}, ${info.threads} threads: ${info.deviceReason} (${seconds.toFixed(2)} s for a first score)`,
      );
    } catch (error) {
      const needed = device === 'auto' || device === 'cpu';
      yield check(`device ${device}`, needed ? 'problem' : 'warning', describeError(error));
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
