// Which scorer fits the answers of a data file, for files that no experiment uses yet. A guess that a person sees in the
// written file, never one that is taken silently when measuring.
import { findScorer } from '../../evals/scorers.ts';

type Row = Record<string, unknown>;

/** The scorer for benchmark items, judged by the rows; undefined where they have no answers. */
export function guessScorer(rows: readonly Row[], field = answerField(rows)): string | undefined {
  if (rows.length === 0) return undefined;
  if (fits('minimal_pair', rows, field)) return 'minimal_pair';
  if (field === undefined) return undefined;
  const answers = rows.map((row) => row[field]);
  // The official files of GSM8K mark the answer; other numbers fit its scorer as well.
  if (answers.every((answer) => typeof answer === 'string' && answer.includes('####'))) return 'gsm8k';
  for (const id of ['choice', 'json_answer', 'call']) if (fits(id, rows, field)) return id;
  if (answers.every(isSequence)) return 'sequence';
  if (fits('last_number', rows, field)) return 'last_number';
  if (answers.every((answer) => answer === 'refuse')) return 'refusal';
  if (answers.every((answer) => answer === 'answer')) return 'no_refusal';
  return fits('contains', rows, field) ? 'contains' : undefined;
}

/** The column with the reference answer. */
export function answerField(rows: readonly Row[]): string | undefined {
  return ['answer', 'model_answer', 'output'].find((name) => rows.every((row) => Object.hasOwn(row, name)));
}

function fits(id: string, rows: readonly Row[], field: string | undefined): boolean {
  const scorer = findScorer(id);
  return rows.every(
    (row) => scorer.check?.({ answer: field === undefined ? undefined : row[field], fields: row }) === undefined,
  );
}

/** Several numbers; `1,234` is one. */
function isSequence(answer: unknown): boolean {
  if (Array.isArray(answer)) return answer.length > 1 && answer.every((item) => typeof item === 'number');
  if (typeof answer !== 'string' || /^-?\d{1,3}(,\d{3})+$/.test(answer.trim())) return false;
  return /^-?\d+([\s,;|]+-?\d+)+$/.test(answer.trim());
}
