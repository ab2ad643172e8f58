// Writes the report of a run as files beside its records: one self-contained page, and the same data as Markdown and CSV.
import { dirname, join } from 'node:path';
import { textOfPrompt } from '../data/encode.ts';
import { loadBenchmark } from '../evals/benchmark.ts';
import { presets } from '../recipes/presets.ts';
import type { PromptReader } from '../report/flips.ts';
import { matrixCsv, numbersCsv, targetsCsv } from '../report/csv.ts';
import { renderHtml } from '../report/html.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { collectReport } from '../report/reportData.ts';
import { writeTextAtomically } from '../runs/files.ts';
import { readItems } from '../runs/runFolder.ts';
import type { RunData } from '../shared/records.ts';

/** A written file with what to call it. */
export interface WrittenFile {
  label: string;
  path: string;
}

/** Writes the report of a run into `folder` (default: the run's). */
export async function writeReport(run: RunData, folder: string = run.folder): Promise<WrittenFile[]> {
  const data = await collectReport({
    run,
    readItems: (cell) => readItems(run.folder, cell),
    readPrompts: promptsOf(run),
    methods: presets,
  });
  const files = [
    { label: 'Report', path: join(folder, 'report.html'), text: renderHtml(data) },
    { label: 'Markdown', path: join(folder, 'report.md'), text: renderMarkdown(data) },
    { label: 'Matrix', path: join(folder, 'matrix.csv'), text: matrixCsv(data) },
    { label: 'Numbers', path: join(folder, 'numbers.csv'), text: numbersCsv(data) },
    { label: 'Targets', path: join(folder, 'targets.csv'), text: targetsCsv(data) },
  ];
  for (const { path, text } of files) await writeTextAtomically(path, text);
  return files.map(({ label, path }) => ({ label, path }));
}

/** Prompts of the benchmarks as they are now; a file that is gone or changed leaves the examples without prompts. */
function promptsOf(run: RunData): PromptReader {
  return async (name) => {
    const config = run.config.experiment.benchmarks.find((one) => one.name === name);
    const benchmark = config && (await loadBenchmark(config, dirname(config.data)).catch(() => undefined));
    return new Map((benchmark?.items ?? []).map(({ index, prompt }) => [index, textOfPrompt(prompt)]));
  };
}
