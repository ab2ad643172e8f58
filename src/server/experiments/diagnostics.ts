// Problems of an experiment file as diagnostics: the words of the command line at the place where they were typed.
import { dirname } from 'node:path';
import { experimentRemedy, syntaxRemedy } from '../../runs/loadExperiment.ts';
import type { CheckedExperiment, PlacedProblem } from '../../runs/loadExperiment.ts';
import { scalarAt, spanOf } from '../../runs/experimentSource.ts';
import type { ExperimentSource } from '../../runs/experimentSource.ts';
import type { ExperimentDiagnostic, TextFix } from '../../shared/protocol/lab/experiments.ts';
import { phrase } from '../../shared/phrase.ts';
import type { ContentProblem } from './contentProblems.ts';
import { textPositions } from './textPositions.ts';
import type { TextPositions } from './textPositions.ts';
import { isPlain, writtenPath } from './yamlText.ts';

export function toDiagnostics({ source, problems }: CheckedExperiment): ExperimentDiagnostic[] {
  const positions = textPositions(source.text);
  return problems.map((problem) => {
    const fix = fixOf(source, problem, positions);
    return {
      range: positions.range(...problem.span),
      message: problem.message,
      code: problem.code,
      remedy: problem.code === 'syntax' ? syntaxRemedy : experimentRemedy,
      ...(fix ? { fix } : {}),
    };
  });
}

/** The problems that lie in the files an experiment names, each at the place where its name was typed. */
export function contentDiagnostics(
  source: ExperimentSource,
  problems: readonly ContentProblem[],
): ExperimentDiagnostic[] {
  const positions = textPositions(source.text);
  return problems.map(({ span, message, code, remedy }) => ({
    range: positions.range(...span),
    message,
    code,
    ...(remedy === undefined ? {} : { remedy }),
  }));
}

/** The warning that other files have the name of this one; `free` is a name that none has. */
export function nameDiagnostic(
  source: ExperimentSource,
  others: readonly string[],
  free: string,
): ExperimentDiagnostic {
  const path = ['name'];
  const positions = textPositions(source.text);
  const message = phrase(
    'Name also used by {0}: give one of the files another name, so that their runs can be told apart',
    others.map((file) => writtenPath(dirname(source.file), file)).join(', '),
  );
  const problem: PlacedProblem = {
    code: 'duplicate',
    path,
    on: 'value',
    span: spanOf(source, path, 'value'),
    message,
    instead: free,
  };
  const fix = fixOf(source, problem, positions);
  return {
    range: positions.range(...problem.span),
    message,
    code: problem.code,
    severity: 'warning',
    ...(fix ? { fix } : {}),
  };
}

/** Replaces the wrong word by the right one, in the quotes that are there. */
function fixOf(source: ExperimentSource, problem: PlacedProblem, positions: TextPositions): TextFix | undefined {
  const { instead, path, on } = problem;
  const scalar = scalarAt(source, path, on);
  if (instead === undefined || !scalar?.range) return undefined;
  const [start, end] = scalar.range;
  return {
    title: on === 'key' ? phrase('Rename to "{0}"', instead) : phrase('Use "{0}"', instead),
    newText: inQuotesOf(source.text.slice(start, end), instead),
    range: positions.range(start, end),
  };
}

/** A word written as the one it replaces: plain where that is safe, otherwise quoted. */
function inQuotesOf(written: string, word: string): string {
  if (written.startsWith("'")) return `'${word.replaceAll("'", "''")}'`;
  return written.startsWith('"') || !isPlain(word) ? JSON.stringify(word) : word;
}
