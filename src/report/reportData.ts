// Everything a written report shows, gathered once and shared by its HTML, Markdown and CSV forms.
import type { DerivedNumber, RunData } from '../shared/records.ts';
import { inEnglish } from '../shared/phrase.ts';
import { deriveNumbers } from './derive.ts';
import { collectFlips } from './flips.ts';
import type { FlipGroup, PromptReader } from './flips.ts';
import type { ItemReader } from './items.ts';
import { buildMatrix } from './matrix.ts';
import type { MatrixView } from '../shared/matrixView.ts';
import { verdictSentences } from './verdict.ts';

/** A published method as a card. */
export interface MethodCard {
  id: string;
  title: string;
  arxiv?: string;
  description: string;
}

export interface ReportSource {
  run: RunData;
  readItems: ItemReader;
  /** Prompts of the flipped examples; without it they are shown by number. */
  readPrompts?: PromptReader;
  /** Presets that arms may name. */
  methods?: readonly MethodCard[];
}

export interface ReportData {
  run: RunData;
  /** Means over the seeds. */
  view: MatrixView;
  numbers: DerivedNumber[];
  /** In English, as all of a written report. */
  verdict: string[];
  flips: FlipGroup[];
  methods: readonly MethodCard[];
}

export async function collectReport(source: ReportSource): Promise<ReportData> {
  const { run, readItems, readPrompts, methods = [] } = source;
  const view = await buildMatrix(run, readItems);
  const numbers = await deriveNumbers(run, readItems);
  return {
    run,
    view,
    numbers,
    verdict: verdictSentences(run, view, numbers).map(inEnglish),
    flips: await collectFlips(run, view, readItems, readPrompts),
    methods,
  };
}
