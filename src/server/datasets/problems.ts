// What is wrong with a dataset, in the words of the command line, at its place.
import { onOneLine } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { DatasetProblem } from '../../shared/protocol/lab/datasets.ts';
import type { RowInfo } from './rowInfo.ts';
import type { RowPlace, RowTable } from './rowTable.ts';

/** Problems that are listed; the others are counted. */
const mostProblems = 250;

/** The problems known so far, in the order of the file. */
export function problemsOf(table: RowTable, path: string): { problems: DatasetProblem[]; count: number } {
  if (table.kind === 'object') return one(wholeFile(table, 'not-rows', notRows));
  if (table.kind === 'refused' && table.refusal !== undefined) {
    return one({ ...wholeFile(table, 'encoding', table.refusal), severity: 'error' });
  }
  const problems: DatasetProblem[] = [];
  let count = 0;
  let rows = 0;
  let usable = 0;
  table.forEachKnown((info, index) => {
    if (info.kind !== 'blank') rows++;
    if (info.kind === 'row') usable++;
    const reason = reasonOf(info);
    if (reason === undefined) return;
    count++;
    if (problems.length < mostProblems)
      problems.push(rowProblem(table.place(index), table.textOf(index), info, reason));
  });
  if (rows === 0 && table.length === table.known && /\.jsonl$/i.test(path)) {
    return one(wholeFile(table, 'empty', phrase('no usable rows (it has no rows)')));
  }
  const [first] = problems;
  // Columns of a format and no example in them (a benchmark, a report): one remark, not as many as there are rows.
  if (first && usable === 0 && table.format !== undefined) {
    return one({ ...first, message: noExample(first), severity: 'warning', code: 'empty' });
  }
  for (const problem of outlineProblems(table)) {
    problems.push(problem);
    count++;
  }
  return { problems, count };
}

/** Why a row cannot be used, as far as it is known. */
export function reasonOf(info: RowInfo): Words | undefined {
  if (info.kind === 'bad') return info.reason;
  return info.kind === 'row' ? info.score?.unusable?.reason : undefined;
}

const notRows = onOneLine({
  message: phrase('one JSON object, not a list of rows'),
  remedy: phrase('Give JSON Lines (one object a line) or a JSON array of objects.'),
});

const noExample = ({ line, message }: DatasetProblem): Words =>
  phrase('no usable rows (the first one, in line {0}: {1})', line + 1, message);

const one = (problem: DatasetProblem): { problems: DatasetProblem[]; count: number } => ({
  problems: [problem],
  count: 1,
});

function wholeFile(table: RowTable, code: DatasetProblem['code'], message: Words): DatasetProblem {
  const first = table.firstLine();
  return { line: 0, endLine: 0, start: 0, end: first.length, message, severity: 'warning', code };
}

function rowProblem({ start, end }: RowPlace, text: string, info: RowInfo, reason: Words): DatasetProblem {
  const at = info.kind === 'bad' ? (info.at ?? 0) : 0;
  const before = text.slice(0, at).split('\n');
  const line = start.line + before.length - 1;
  const lineEnd = text.indexOf('\n', at);
  const character = (before.length === 1 ? start.character : 0) + (before.at(-1) as string).length;
  const unusable = info.kind === 'row' ? info.score?.unusable : undefined;
  return {
    line,
    endLine: end.line,
    start: character,
    end: line === end.line ? end.character : character + lineEnd - at,
    message: reason,
    severity: unusable ? 'warning' : 'error',
    code: unusable?.code ?? 'invalid-row',
  };
}

function outlineProblems({ outline }: RowTable): DatasetProblem[] {
  if (!outline) return [];
  const problem = (line: number, character: number, message: Words): DatasetProblem => ({
    line,
    endLine: line,
    start: character,
    end: character + 1,
    message,
    severity: 'error',
    code: 'invalid-row',
  });
  if (outline.trailing) {
    const { line, character } = outline.trailing;
    return [problem(line, character, phrase('text after the closing bracket of the array (line {0})', line + 1))];
  }
  if (!outline.brokenOff) return [];
  const { line, character } = outline.brokenOff;
  const message = phrase('the file ends here (line {0}) without the closing bracket: the array is truncated', line + 1);
  return [problem(line, Math.max(0, character - 1), message)];
}
