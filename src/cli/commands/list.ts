// `list`: the runs there are and how they stand.
import type { Command } from 'commander';
import { lockHolder } from '../../runs/lock.ts';
import { readRun } from '../../runs/runFolder.ts';
import { describeError } from '../../shared/errors.ts';
import type { RunData } from '../../shared/records.ts';
import { createCommand, onAction } from '../command.ts';
import type { Exit } from '../command.ts';
import { findRuns, findRunsEverywhere } from '../findRuns.ts';

export function listCommand(exit: Exit): Command {
  const command = createCommand('list', 'The runs below this folder (or DIR) and how they stand', [
    'list',
    'list examples/pocket --json',
  ]).argument('[dir]', 'where to look; default: here and in the examples');
  return onAction<[string?], object>(command, exit, async ([root], _options, output) => {
    const folders = root === undefined ? await findRunsEverywhere() : await findRuns(root);
    for (const folder of folders) {
      try {
        const run = await readRun(folder);
        const state = await runState(run);
        const { id, createdAt, experiment, arms } = run.config;
        const cells = run.cells.length;
        const stages = experiment.stages.length;
        await output.value({
          kind: 'run',
          id,
          folder,
          experiment: experiment.name,
          state,
          createdAt,
          arms: arms.length,
          stages,
          cells,
        });
        await output.text(
          `${id.padEnd(36)} ${state.padEnd(11)} ${arms.length} arms, ${stages} stages, ${cells} cells  ${folder}`,
        );
      } catch (error) {
        // One damaged run must not hide the others.
        await output.value({ kind: 'run', id: '', folder, state: 'unreadable', reason: describeError(error) });
        await output.text(`${folder}: ${describeError(error)}`);
      }
    }
    if (folders.length === 0)
      await output.text('No runs yet. `forgetting-lab run FILE` starts one; `npm start` runs the pocket example.');
    return 0;
  });
}

/** The state of a run; `interrupted` when it says it is running and no process works on it. */
export async function runState(run: RunData): Promise<string> {
  const state = run.status?.state ?? 'interrupted';
  if (state !== 'running') return state;
  return (await lockHolder(run.folder)) === undefined ? 'interrupted' : 'running';
}
