// The words with which an experiment file is refused: those of the command line, each with its place.
import { LabError } from '../../shared/errors.ts';
import type { ExperimentDiagnostic } from '../../shared/protocol/lab/experiments.ts';
import { joinedBySemicolon, phrase } from '../../shared/phrase.ts';

/** Problems that fit a notification. */
const shown = 3;

/** The problems for which a file cannot be launched; a warning keeps nobody. */
export function blocking(problems: readonly ExperimentDiagnostic[]): ExperimentDiagnostic[] {
  return problems.filter(({ severity }) => severity !== 'warning');
}

export function refusal(file: string, problems: readonly ExperimentDiagnostic[]): LabError {
  const name = file.split(/[\\/]/).at(-1) ?? file;
  const placed = problems.slice(0, shown).map(({ range, message }) => {
    return phrase('{0} {1}', `${name}:${range.start.line + 1}:${range.start.character + 1}`, message);
  });
  const listed = joinedBySemicolon(placed);
  const count = problems.length;
  if (count === 1) {
    return new LabError('experiment-invalid', phrase('{0} has a problem: {1}', name, listed), {
      remedy: phrase('Mend it in the file'),
    });
  }
  const message =
    count > shown
      ? phrase('{0} has {1} problems: {2} ... ({3} more)', name, count, listed, count - shown)
      : phrase('{0} has {1} problems: {2}', name, count, listed);
  return new LabError('experiment-invalid', message, { remedy: phrase('Mend them in the file') });
}
