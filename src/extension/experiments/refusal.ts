// The words with which an experiment file is refused: those of the command line, each with its place.
import { LabError } from '../../shared/errors.ts';
import type { ExperimentDiagnostic } from '../../shared/protocol/lab/experiments.ts';
import { say } from '../../shared/phrase.ts';
import { english } from '../translate.ts';

/** Problems that fit a notification. */
const shown = 3;

export function refusal(file: string, problems: readonly ExperimentDiagnostic[]): LabError {
  const name = file.split(/[\\/]/).at(-1) ?? file;
  const listed = problems.slice(0, shown).map(({ range, message }) => {
    return `${name}:${range.start.line + 1}:${range.start.character + 1} ${say(message, english)}`;
  });
  const more = problems.length > shown ? ` ... (${problems.length - shown} more)` : '';
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  const remedy = problems.length === 1 ? 'Mend it in the file' : 'Mend them in the file';
  return new LabError('experiment-invalid', `${name} has ${count}: ${listed.join('; ')}${more}`, { remedy });
}
