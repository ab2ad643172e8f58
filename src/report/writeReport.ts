// Writes the report of a run as files: one HTML page, Markdown and CSV with the same data. Each file appears at once, so
// that a reader never sees half of one.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import { driftCsv, matrixCsv, numbersCsv, ratesCsv, targetsCsv } from './csv.ts';
import { renderHtml } from './html.ts';
import { renderMarkdown } from './markdown.ts';
import { collectReport } from './reportData.ts';
import type { ReportSource } from './reportData.ts';

/** A written file with what to call it. */
export interface WrittenFile {
  label: string;
  path: string;
}

/** Writes `report.html`, `report.md` and the tables as CSV into a folder; the page comes first. */
export async function writeReport(source: ReportSource, folder: string): Promise<WrittenFile[]> {
  const data = await collectReport(source);
  const files: [label: string, name: string, text: string][] = [
    ['Report', 'report.html', renderHtml(data)],
    ['Markdown', 'report.md', renderMarkdown(data)],
    ['Matrix', 'matrix.csv', matrixCsv(data)],
    ['Numbers', 'numbers.csv', numbersCsv(data)],
    ['Targets', 'targets.csv', targetsCsv(data)],
    ['Rates', 'rates.csv', ratesCsv(data)],
    ['Drift', 'drift.csv', driftCsv(data)],
  ];
  try {
    await mkdir(folder, { recursive: true });
    for (const [, name, text] of files) await writeWhole(join(folder, name), text);
  } catch (error) {
    const full = (error as NodeJS.ErrnoException).code === 'ENOSPC';
    const message = error instanceof Error ? error.message : String(error);
    throw new LabError(
      full ? 'disk-full' : 'file-unreadable',
      phrase('The report could not be written to {0}: {1}', folder, message),
      {
        remedy: full ? phrase('Free some space and write it again') : phrase('Name another folder with --out'),
        cause: error,
      },
    );
  }
  return files.map(([label, name]) => ({ label, path: join(folder, name) }));
}

async function writeWhole(file: string, text: string): Promise<void> {
  const part = `${file}.${process.pid}.part`;
  try {
    await writeFile(part, text);
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
