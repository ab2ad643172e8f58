// Everything about a run that needs the judged answers: intervals, verdict, breaches, flips, written reports. It reads and
// computes for seconds, so the server has it done in a thread of its own.
import { measuredAt } from '../../lab/measuredAt.ts';
import { promptsOf, reportSource } from '../../lab/runReport.ts';
import { RunReader } from '../../lab/runReader.ts';
import { matrixCsv } from '../../report/csv.ts';
import { planeNumbers } from '../../report/derive.ts';
import { flipsOfCell } from '../../report/flips.ts';
import { renderHtml } from '../../report/html.ts';
import { buildMatrix } from '../../report/matrix.ts';
import { renderMarkdown } from '../../report/markdown.ts';
import { collectReport } from '../../report/reportData.ts';
import { verdictSentences } from '../../report/verdict.ts';
import { findBreaches } from '../../runs/guard.ts';
import { readItems, readRun } from '../../runs/runFolder.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { MatrixView } from '../../shared/matrixView.ts';
import type { Words } from '../../shared/phrase.ts';
import type { FlipList } from '../../shared/protocol/lab/runs.ts';
import type { CellRecord, ItemResult } from '../../shared/records.ts';
import type { Answers } from '../threads/desk.ts';

export type ExportKind = 'matrix-csv' | 'matrix-markdown' | 'report-html';

export interface FlipCell {
  arm: string;
  lr: number;
  seed: number;
  stage: number;
  benchmark: string;
  /** Stage whose answers stand before; the base (0) unless said otherwise. */
  against?: number;
}

/** The matrix with its intervals, and what is said about it. */
export interface MatrixReport {
  view: MatrixView;
  verdict: Words[];
  /** Guarded benchmarks below the budget, as far as they can be told. */
  breaches: number;
  /** Every judged answer could be read. Of a run that is being copied, for one, they come after the cells. */
  complete: boolean;
}

/** What is asked of reports, and what comes back. */
export type ReportService = {
  matrix: { ask: { folder: string; seed?: number }; answer: MatrixReport };
  flips: { ask: { folder: string; cell: FlipCell; limit: number }; answer: FlipList };
  export: { ask: { folder: string; what: ExportKind }; answer: string };
};

/** Rejects with a LabError that can be shown. */
export const reportAnswers: Answers<ReportService> = {
  matrix: ({ folder, seed }) => matrixReport(folder, seed),
  flips: ({ folder, cell, limit }) => flips(folder, cell, limit),
  export: ({ folder, what }) => exported(folder, what),
};

async function matrixReport(folder: string, seed: number | undefined): Promise<MatrixReport> {
  const run = await new RunReader(folder).read();
  let complete = true;
  const noteUnreadable = (): void => {
    complete = false;
  };
  const read = async (cell: CellRecord): Promise<ItemResult[]> => {
    try {
      return await readItems(folder, cell);
    } catch (error) {
      noteUnreadable();
      throw error;
    }
  };
  const average = await buildMatrix(run, read);
  const single = seed === undefined || run.config.experiment.seeds.length === 1;
  const view = single ? average : await buildMatrix(run, read, { seed });
  const verdict = verdictSentences(run, average, planeNumbers(run, average));
  const breaches = await findBreaches(run, noteUnreadable);
  return { view, verdict, breaches: breaches.length, complete };
}

async function flips(folder: string, wanted: FlipCell, limit: number): Promise<FlipList> {
  const run = await new RunReader(folder).read();
  const { against = 0 } = wanted;
  const placeOf = (stage: number): Words => phrase('{0} under {1}, stage {2}', wanted.benchmark, wanted.arm, stage);
  const measured = (stage: number): CellRecord => {
    const record = measuredAt(run, { ...wanted, stage });
    if (record) return record;
    throw new LabError('run-invalid', phrase('{0} has not been measured in {1}', placeOf(stage), folder), {
      remedy: phrase('Resume the run to measure what is missing'),
    });
  };
  const [record, before] = [measured(wanted.stage), measured(against)];
  const where = placeOf(wanted.stage);
  if (record.protocol !== before.protocol) {
    const message =
      against === 0
        ? phrase('{0} was measured under another protocol than the base', where)
        : phrase('{0} was measured under another protocol than stage {1}', where, against);
    throw new LabError('run-invalid', message, {
      remedy: phrase('Its answers cannot be compared; measure both under one protocol in a new run'),
    });
  }
  const read = (cell: CellRecord) => readItems(folder, cell);
  // Reading them here gives the reason when they cannot be read.
  await Promise.all([read(before), read(record)]);
  const found = await flipsOfCell(before, record, { readItems: read, readPrompts: promptsOf(run) }, limit);
  if (!found) throw new LabError('run-invalid', phrase('The answers of {0} cannot be read', where));
  const withPrompt = (item: (typeof found.lost)[number]) => ({ ...item, prompt: item.prompt ?? '' });
  return { ...found, lost: found.lost.map(withPrompt), gained: found.gained.map(withPrompt) };
}

async function exported(folder: string, what: ExportKind): Promise<string> {
  const data = await collectReport(reportSource(await readRun(folder)));
  switch (what) {
    case 'matrix-csv':
      return matrixCsv(data);
    case 'matrix-markdown':
      return renderMarkdown(data);
    case 'report-html':
      return renderHtml(data);
    default:
      return what satisfies never;
  }
}
