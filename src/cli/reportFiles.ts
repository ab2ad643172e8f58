// The report of a run folder: hands the report layer what it needs of benchmarks, items and presets.
import { dirname } from 'node:path';
import { textOfPrompt } from '../data/encode.ts';
import { loadBenchmark } from '../evals/benchmark.ts';
import { presets } from '../recipes/presets.ts';
import type { PromptReader } from '../report/flips.ts';
import { writeReport, type WrittenFile } from '../report/writeReport.ts';
import { readItems } from '../runs/runFolder.ts';
import type { RunData } from '../shared/records.ts';

/** Writes the report of a run into `folder` (default: the run's). */
export function writeRunReport(run: RunData, folder: string = run.folder): Promise<WrittenFile[]> {
  const source = {
    run,
    readItems: (cell: RunData['cells'][number]) => readItems(run.folder, cell),
    readPrompts: promptsOf(run),
    methods: presets,
  };
  return writeReport(source, folder);
}

/** Prompts of the benchmarks as they are now; a file that is gone or changed leaves the examples without prompts. */
function promptsOf(run: RunData): PromptReader {
  return async (name) => {
    const config = run.config.experiment.benchmarks.find((one) => one.name === name);
    const benchmark = config && (await loadBenchmark(config, dirname(config.data)).catch(() => undefined));
    return new Map((benchmark?.items ?? []).map(({ index, prompt }) => [index, textOfPrompt(prompt)]));
  };
}
