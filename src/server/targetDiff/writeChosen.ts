// Writes what was chosen as a new dataset in the format of `targets`, with the provenance of every row (methods 0.5).
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { writeRows } from '../../data/writeRows.ts';
import { rowToJson, toTargetRow } from '../../recipes/rows.ts';
import type { TargetRow } from '../../recipes/rows.ts';
import type { Example, Provenance } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { WrittenTargets } from '../../shared/protocol/lab/targetDiff.ts';
import { slices } from '../../lab/slices.ts';
import type { Decision } from './choices.ts';
import type { Comparison } from './comparison.ts';
import { maskedTokens, maskOf } from './masks.ts';
import { ReasonCounts } from '../reasonCounts.ts';
import type { ComparisonScoring } from './scoreAll.ts';
import type { ScoredOrNot } from './scoring.ts';
import type { SourceTable } from './sourceTable.ts';
import { allMasked } from '../../recipes/scoreRows.ts';

/** Rows scored and written together. */
const rowsTogether = 64;

/** Columns that describe a row of a target file: a new row gets its own. `text` would be read as a raw text. */
const describing = ['logprobs', 'masked', 'mask', 'ppl', 'source', 'provenance', 'text', 'answer_source'];

export interface WriteOptions {
  file: string;
  overwrite: boolean;
  signal: AbortSignal;
}

/** Rows with their scores where a model was chosen. Throws when the file is there and may not be replaced. */
export async function writeChosen(
  comparison: Comparison,
  scoring: ComparisonScoring,
  { file, overwrite, signal }: WriteOptions,
): Promise<WrittenTargets> {
  await refuse(comparison, resolve(file), overwrite);
  const writer = new ChosenWriter(comparison, scoring, signal);
  const rows = await writeRows(file, writer.rows());
  return { file, rows, provenance: Object.fromEntries(writer.provenance), dropped: writer.dropped.list() };
}

async function refuse(comparison: Comparison, file: string, overwrite: boolean): Promise<void> {
  if (comparison.tables.some((table) => resolve(table.file) === file)) {
    throw new LabError('usage', phrase('{0} is one of the compared files', file), {
      remedy: phrase('Choose another name'),
    });
  }
  const there = await stat(file).catch(() => undefined); // nothing there is what is wanted
  if (there && !overwrite) {
    throw new LabError('usage', phrase('{0} is there already', file), {
      remedy: phrase('Choose another name, or say that it is replaced'),
    });
  }
  const { undecided, rows } = await comparison.choices.summarise(comparison.rows, slices());
  if (undecided > 0) {
    throw new LabError(
      'usage',
      phrase('{0} rows cannot be decided yet: they are not all scored and judged', undecided),
      { remedy: phrase('Wait until scoring has ended, or choose another rule') },
    );
  }
  if (rows === 0)
    throw new LabError('dataset-empty', phrase('No row is chosen'), { remedy: phrase('Choose another rule') });
}

interface Chosen {
  row: number;
  table: SourceTable;
  decision: Decision;
  example: Example;
  truth: Example;
}

class ChosenWriter {
  readonly provenance = new Map<Provenance, number>();
  readonly dropped = new ReasonCounts();
  private readonly comparison: Comparison;
  private readonly scoring: ComparisonScoring;
  private readonly signal: AbortSignal;

  constructor(comparison: Comparison, scoring: ComparisonScoring, signal: AbortSignal) {
    this.comparison = comparison;
    this.scoring = scoring;
    this.signal = signal;
  }

  async *rows(): AsyncGenerator<object> {
    const pause = slices();
    for (let from = 0; from < this.comparison.rows; from += rowsTogether) {
      this.signal.throwIfAborted();
      await this.comparison.checkFiles();
      const chosen: Chosen[] = [];
      for (let row = from; row < Math.min(from + rowsTogether, this.comparison.rows); row++) {
        await pause();
        const one = await this.choose(row);
        if (one) chosen.push(one);
      }
      const results = await this.scoring.scoreNow(chosen, this.signal);
      for (const [index, one] of chosen.entries()) {
        const json = this.toJson(one, results[index]);
        if (json) yield json;
      }
    }
  }

  private async choose(row: number): Promise<Chosen | undefined> {
    const { comparison } = this;
    const decision = comparison.choices.decide(row);
    const [first] = comparison.tables;
    const table = decision.source === null ? undefined : comparison.tables[decision.source];
    const truth = first && (await comparison.example(first, row));
    const example = table && (await comparison.example(table, row));
    if (table && truth && example) return { row, table, decision, example, truth };
    this.drop(decision.reason ?? phrase('no answer'));
    return undefined;
  }

  private toJson({ example, truth, decision }: Chosen, result: ScoredOrNot | undefined): object | undefined {
    if (result?.kind === 'unscorable') return this.drop(result.reason);
    const rule = decision.masked ? this.comparison.choices.rule : undefined;
    const described = describe(example, truth);
    const mask = maskOf(example);
    const row: TargetRow = result
      ? toTargetRow({ ...result, example: described }, maskedTokens(result, mask, rule))
      : { example: described, logprobs: [], masked: [], mask };
    if (result && row.masked.length === row.logprobs.length) return this.drop(allMasked);
    this.provenance.set(example.provenance, (this.provenance.get(example.provenance) ?? 0) + 1);
    const { file, line } = example.source;
    const json = rowToJson(row);
    const spans = row.masked.length === 0 && mask.length > 0 && !result ? { mask } : {};
    const from = file === truth.source.file ? {} : { answer_source: { file, line } };
    return { ...json, ...spans, ...from };
  }

  private drop(reason: Words): undefined {
    this.dropped.add(reason);
  }
}

/** The chosen answer with all columns of both rows, at the place of the dataset's row. */
function describe(example: Example, truth: Example): Example {
  const fields = Object.entries({ ...truth.fields, ...example.fields }).filter(([name]) => !describing.includes(name));
  return { ...example, source: truth.source, fields: Object.fromEntries(fields) };
}
