// Which runs and sessions a command on several rows is about. Shift selects whatever lies between: experiments, trials and
// checkpoints too. Knows no editor.
import { pathOf, rowsOf } from '../pathOf.ts';
import { isActive, isRemovable, isResumable } from '../sidebar/experimentsModel.ts';
import type { ExperimentsModel } from '../sidebar/experimentsModel.ts';
import { runOfNode } from '../sidebar/nodes.ts';
import type { ExperimentsNode } from '../sidebar/nodes.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';

/** A session of the queue, or a run that a terminal started. */
export type StopTarget = SessionSummary | { run: string };

/** Folders of the runs behind `(row, rows)`, each once: a row below a run stands for it, others drop out. */
export function runsOf(one: unknown, all?: unknown): string[] {
  return [
    ...new Set(
      rowsOf(one, all)
        .map(runOfRow)
        .filter((run) => run !== undefined),
    ),
  ];
}

/** What of the selected rows can be stopped. */
export function stoppableAmong(model: ExperimentsModel, rows: readonly unknown[]): StopTarget[] {
  const sessions = rows.map((row) => sessionOfRow(model, row)).filter((one) => one !== undefined);
  const going = [...new Map(sessions.map((one) => [one.id, one])).values()].filter(isActive);
  const foreign = runsOf(rows).filter((run) => !model.sessionOf(run) && model.run(run)?.state === 'running');
  return [...going, ...foreign.map((run) => ({ run }))];
}

/** Ids of those of the selected sessions that can be taken off the list. */
export function removableAmong(model: ExperimentsModel, rows: readonly unknown[]): string[] {
  return sessionsOf(rows).filter((id) => {
    const session = model.session(id);
    return session !== undefined && isRemovable(session);
  });
}

/** Ids behind the rows of sessions. */
export function sessionsOf(rows: readonly unknown[]): string[] {
  return rows.flatMap((row) => (isNode(row) && row.kind === 'session' ? [row.session] : []));
}

/** Folders of those of the selected runs that can be resumed. */
export function resumableAmong(model: ExperimentsModel, rows: readonly unknown[]): string[] {
  return runsOf(rows).filter((folder) => {
    const run = model.run(folder);
    return run !== undefined && isResumable(model.state(run));
  });
}

function sessionOfRow(model: ExperimentsModel, row: unknown): SessionSummary | undefined {
  if (isNode(row) && row.kind === 'session') return model.session(row.session);
  const run = runOfRow(row);
  return run === undefined ? undefined : model.sessionOf(run);
}

const runOfRow = (row: unknown): string | undefined => (isNode(row) ? runOfNode(row) : pathOf(row));

const isNode = (row: unknown): row is ExperimentsNode => typeof row === 'object' && row !== null && 'kind' in row;
