// `list`: the runs there are and how they stand.
import type { Command } from 'commander';
import { findRuns, findRunsEverywhere } from '../../lab/findRuns.ts';
import { runState } from '../../lab/runState.ts';
import { readRun } from '../../runs/runFolder.ts';
import { describeError } from '../../shared/errors.ts';
import { plural } from '../../shared/words.ts';
import { createCommand, onAction } from '../command.ts';
import type { Exit } from '../command.ts';

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
          `${id.padEnd(36)} ${state.padEnd(11)} ${[plural(arms.length, 'arm'), plural(stages, 'stage'), plural(cells, 'cell')].join(', ')}  ${folder}`,
        );
      } catch (error) {
        // One damaged run must not hide the others.
        await output.value({ kind: 'run', id: '', folder, state: 'corrupt', reason: describeError(error) });
        await output.text(`${folder}: ${describeError(error)}`);
      }
    }
    if (folders.length === 0)
      await output.text('No runs yet. `forgetting-lab run FILE` starts one; `npm start` runs the pocket example.');
    return 0;
  });
}
