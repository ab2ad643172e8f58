// What models are called: at once by their folder, and a checkpoint by its run as soon as the editor has said so.
import { action } from './host.ts';

const known = new Map<string, string>();
const listeners = new Set<() => void>();

/** The name of a model as far as it is known now; whoever shows it hears by `onModelName` when a better one comes. */
export function modelName(model: string): string {
  const name = known.get(model);
  if (name !== undefined) return name;
  const folder = model.split(/[\\/]/).findLast((part) => part !== '') ?? model;
  known.set(model, folder);
  // `pocket` and other names are what they are called.
  if (folder !== model)
    void action({ kind: 'modelName', model }).then(
      (said) => take(model, said),
      () => undefined,
    );
  return folder;
}

function take(model: string, said: unknown): void {
  if (typeof said !== 'string' || said === known.get(model)) return;
  known.set(model, said);
  for (const listener of listeners) listener();
}

/** Hears that a model has got another name. */
export function onModelName(listener: () => void): void {
  listeners.add(listener);
}
