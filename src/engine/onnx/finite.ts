// A number that is none must not leave the engine: on the wire it would become null, and null counts as zero, so a broken
// model would look like one that is sure of everything.
import { LabError } from '../../shared/errors.ts';

/** Throws `model-invalid` unless the value is a finite number. `where` names the token that it belongs to. */
export function requireFinite(value: number, where: () => string): void {
  if (Number.isFinite(value)) return;
  throw new LabError('model-invalid', `The model gives ${value} instead of a probability for ${where()}`, {
    remedy:
      'Its weights hold values that are not numbers, or it overflows: check the model folder; a model that training broke needs a lower learning rate',
  });
}
