// Pieces of YAML for files that people read: plain words where YAML allows them, paths relative to the file.
import { isAbsolute, relative, sep } from 'node:path';
import { parseDocument } from 'yaml';
import { yamlOptions } from '../../runs/experimentSource.ts';
import { pocketModelFolder } from '../../runs/packageRoot.ts';

/** Whether YAML reads a word without quotes as this text. */
export function isPlain(word: string): boolean {
  const words = /^[\p{L}_./$][\p{L}\p{N}_./ +$()-]*$/u.test(word);
  // Other tools still read the words of YAML 1.1.
  if (!words || /^(true|false|null|yes|no|on|off)$/i.test(word)) return false;
  // The parser knows what else is no text: `.5` and `.inf` are numbers.
  return parseDocument(word, yamlOptions).toJS() === word;
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
