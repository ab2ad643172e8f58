// The report of a run folder: hands the report layer what it needs of benchmarks, items and presets.
import { dirname } from 'node:path';
import { textOfPrompt } from '../data/encode.ts';
import { loadBenchmark } from '../evals/benchmark.ts';
import { presets } from '../recipes/presets.ts';
import type { PromptReader } from '../report/flips.ts';
import type { ReportSource } from '../report/reportData.ts';
import { writeReport, type WrittenFile } from '../report/writeReport.ts';
import { readItems } from '../runs/runFolder.ts';
import type { RunData } from '../shared/records.ts';

/** Writes the report of a run into `folder` (default: the run's). */
export function writeRunReport(run: RunData, folder: string = run.folder): Promise<WrittenFile[]> {
  return writeReport(reportSource(run), folder);
}

/** What every written form of a run's report is made from. */
export function reportSource(run: RunData): ReportSource {
  return {
    run,
    readItems: (cell) => readItems(run.folder, cell),
    readPrompts: promptsOf(run),
    methods: presets,
  };
}

/** Prompts of the benchmarks as they are now; a file that is gone or changed leaves the examples without prompts. */
export function promptsOf(run: Pick<RunData, 'config'>): PromptReader {
  return async (name) => {
    const config = run.config.experiment.benchmarks.find((one) => one.name === name);
    const benchmark = config && (await loadBenchmark(config, dirname(config.data)).catch(() => undefined));
    return new Map((benchmark?.items ?? []).map(({ index, prompt }) => [index, textOfPrompt(prompt)]));
  };
}
