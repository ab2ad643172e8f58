// Pieces of YAML for files that people read: plain words where YAML allows them, paths relative to the file.
import { isAbsolute, relative, sep } from 'node:path';
import { pocketModelFolder } from '../../runs/packageRoot.ts';

/** Whether YAML reads a word without quotes as this text. */
export function isPlain(word: string): boolean {
  const words = /^[\p{L}_./$][\p{L}\p{N}_./ +$()-]*$/u.test(word);
  return words && !/^(true|false|null|yes|no|on|off|~)$|\s$/i.test(word);
}

/** A word as a YAML value. */
export const yamlWord = (word: string): string => (isPlain(word) ? word : JSON.stringify(word));

/** A path as an experiment file in `folder` names it; on another drive it stays absolute. */
export function writtenPath(folder: string, path: string): string {
  const written = relative(folder, path);
  return isAbsolute(written) ? path : written.split(sep).join('/') || '.';
}

/** A model as an experiment file in `folder` names it. */
export function writtenModel(folder: string, model: string): string {
  return model === 'pocket' || model === pocketModelFolder ? 'pocket' : writtenPath(folder, model);
}
