// `doctor`: is everything there that a run needs?
import { access, statfs } from 'node:fs/promises';
import type { Command } from 'commander';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { startEngine } from '../../engine/client.ts';
import type { Engine } from '../../engine/engine.ts';
import { packageVersion, pocketExperimentFile, pocketModelFolder } from '../../runs/packageRoot.ts';
import { runtimeVersion } from '../../runs/startRun.ts';
import { describeError } from '../../shared/errors.ts';
import { createCommand, onAction } from '../command.ts';
import type { Exit } from '../command.ts';

/** `ok`: fine, `warning`: works without, `problem`: a run will fail. */
interface Check {
  kind: 'check';
  name: string;
  state: 'ok' | 'warning' | 'problem';
  detail: string;
}

const gib = 1024 ** 3;

export function doctorCommand(exit: Exit): Command {
  const command = createCommand('doctor', 'Checks Node, the runtime, devices, the bundled model, disk and memory', [
    'doctor',
    'doctor --json',
  ]);
  return onAction<[], object>(command, exit, async (_, _options, output) => {
    let problems = 0;
    const marks = { ok: 'ok     ', warning: 'note   ', problem: 'problem' };
    for await (const check of checks()) {
      if (check.state === 'problem') problems++;
      await output.value(check);
      await output.text(`${marks[check.state]}  ${check.name.padEnd(14)} ${check.detail}`);
    }
    await output.text(problems === 0 ? 'Everything a run needs is there.' : `${problems} to mend before a run.`);
    return problems === 0 ? 0 : 1;
  });
}

async function* checks(): AsyncGenerator<Check> {
  const check = (name: string, state: Check['state'], detail: string): Check => ({
    kind: 'check',
    name,
    state,
    detail,
  });
  yield check('forgetting-lab', 'ok', packageVersion);
  const major = Number(process.versions.node.split('.')[0]);
  yield check('node', major >= 20 ? 'ok' : 'problem', `${process.version}${major >= 20 ? '' : ', needs 20 or newer'}`);
  const runtime = runtimeVersion();
  yield check(
    'onnxruntime',
    runtime === 'absent' ? 'problem' : 'ok',
    runtime === 'absent' ? 'not installed: npm ci' : runtime,
  );
  const pocket = await access(pocketModelFolder).then(
    () => true,
    () => false,
  );
  yield check('pocket model', pocket ? 'ok' : 'problem', pocket ? pocketModelFolder : 'missing: npm run build:pocket');
  const example = await access(pocketExperimentFile).then(
    () => true,
    () => false,
  );
  yield check(
    'pocket example',
    example ? 'ok' : 'warning',
    example ? pocketExperimentFile : 'missing: npm run build:pocket',
  );
  if (pocket && runtime !== 'absent') yield* deviceChecks(check);
  const disk = await statfs(process.cwd());
  const free = disk.bavail * disk.bsize;
  yield check('disk', free > gib ? 'ok' : 'warning', `${(free / gib).toFixed(1)} GiB free in ${process.cwd()}`);
  const memory = `${(freemem() / gib).toFixed(1)} of ${(totalmem() / gib).toFixed(1)} GiB free, ${availableParallelism()} threads`;
  yield check('memory', freemem() > gib / 2 ? 'ok' : 'warning', memory);
}

async function* deviceChecks(
  check: (name: string, state: Check['state'], detail: string) => Check,
): AsyncGenerator<Check> {
  for (const device of ['auto', 'cpu', 'webgpu', 'cuda'] as const) {
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
