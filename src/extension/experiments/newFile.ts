// Files and folders that must not be there yet: nothing of a person is ever overwritten.
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';

/** Writes a file; throws `usage` when there is one. */
export async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(path);
    const reason = error instanceof Error ? error.message : String(error);
    throw new LabError('file-unreadable', phrase('{0} could not be written: {1}', path, reason), { cause: error });
  }
}

export const taken = (path: string): LabError =>
  new LabError('usage', phrase('{0} is already there', path), {
    remedy: phrase('Choose another name, or remove it first'),
  });

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** The first of `name`, `name-2`, `name-3`... that is free in a folder; `ending` comes last. */
export async function freePath(folder: string, name: string, ending = ''): Promise<string> {
  for (let number = 1; ; number++) {
    const path = join(folder, `${name}${number === 1 ? '' : `-${number}`}${ending}`);
    if (!(await isThere(path))) return path;
  }
}
