// A number that is none must not leave the engine: on the wire it would become null, and null counts as zero, so a broken
// model would look like one that is sure of everything.
import { LabError } from '../../shared/errors.ts';
import { phrase, type Phrase } from '../../shared/phrase.ts';

/** Throws `model-invalid` unless the value is a finite number. `where` names the token that it belongs to. */
export function requireFinite(value: number, where: () => Phrase): void {
  if (Number.isFinite(value)) return;
  // As a text: words cross the wire, and JSON has no NaN.
  throw new LabError(
    'model-invalid',
    phrase('The model gives {0} instead of a probability for {1}', String(value), where()),
    {
      remedy: phrase(
        'Its weights hold values that are not numbers, or it overflows: check the model folder; a model that training broke needs a lower learning rate',
      ),
    },
  );
}
