// `show`: the cells and derived numbers of a run.
import type { Command } from 'commander';
import { deriveNumbers } from '../../report/derive.ts';
import { findBreaches } from '../../runs/guard.ts';
import { readItems, readRun } from '../../runs/runFolder.ts';
import type { RunData, TargetRecord } from '../../shared/records.ts';
import { describeError } from '../../shared/errors.ts';
import { createCommand, onAction } from '../command.ts';
import type { Exit } from '../command.ts';
import { resolveRun } from '../../lab/findRuns.ts';
import type { Output } from '../output.ts';
import { presentRun } from '../present.ts';
import { runState } from '../../lab/runState.ts';

export function showCommand(exit: Exit): Command {
  const command = createCommand('show', 'The forgetting matrix of a run, its target table and what it says', [
    'show pocket-20261121-1530-ab12',
    'show examples/pocket/runs/ID --json',
  ]).argument('<run>', 'run folder or id');
  return onAction<[string], object>(command, exit, async ([name], _options, output) => {
    const run = await readRun(await resolveRun(name));
    if (output.json) await printRecords(run, output);
    else await presentRun(run, output);
    for (const { file, line } of run.damagedLines) output.note(`${file} line ${line} is damaged and left out`);
    return 0;
  });
}

/**
 * Every cell, target table row, drift, derived number and breach as JSON Lines; the run itself first. `onlyDerived`
 * leaves out the records, for a run that has printed them while it worked.
 */
export async function printRecords(
  run: RunData,
  output: Output,
  options: { onlyDerived?: boolean } = {},
): Promise<void> {
  if (!options.onlyDerived) await printMeasured(run, output);
  for (const number of await deriveNumbers(run, (cell) => readItems(run.folder, cell))) await output.value(number);
  // A damaged items file must hide neither the rest of the run nor its other breaches.
  const unreadable: string[] = [];
  const breaches = await findBreaches(run, (error) => unreadable.push(describeError(error)));
  for (const breach of breaches) await output.value(breach);
  const [first] = unreadable;
  if (first === undefined) return;
  output.note(`Cells for which the forgetting budget cannot be checked: ${unreadable.length}. The first: ${first}`);
}

async function printMeasured(run: RunData, output: Output): Promise<void> {
  const { id, experiment, model, device, createdAt } = run.config;
  await output.value({
    kind: 'run',
    id,
    folder: run.folder,
    experiment: experiment.name,
    state: await runState(run),
    createdAt,
    model,
    device,
    damagedLines: run.damagedLines.length,
  });
  for (const cell of run.cells) await output.value(cell);
  for (const targets of run.targets) await output.value(withoutExamples(targets));
  for (const drift of run.drift) await output.value(drift);
}

/** A row of the target table; the coloured examples stay in the run folder. */
export function withoutExamples(targets: TargetRecord): object {
  return Object.fromEntries(Object.entries(targets).filter(([key]) => key !== 'examples'));
}
