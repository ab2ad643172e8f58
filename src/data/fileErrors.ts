// Turns what the operating system says about a file into an error that names the file and what to do.
import { errorWords, LabError } from '../shared/errors.ts';
import { phrase, type Words } from '../shared/phrase.ts';

/** `doing`: what was tried. Errors that already are LabErrors pass through. */
export function fileError(error: unknown, file: string, doing: 'read' | 'write'): LabError {
  if (error instanceof LabError) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const cause = { cause: error };
  if (code === 'ENOENT' && doing === 'read') {
    const remedy = phrase('Check the path.');
    return new LabError('file-not-found', phrase('{0} does not exist', file), { remedy, ...cause });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new LabError('disk-full', phrase('There is no room left to write {0}', file), {
      remedy: phrase('Free some disk space and try again.'),
      ...cause,
    });
  }
  const reason = reasonOf(error, code);
  const message =
    doing === 'read' ? phrase('Cannot read {0}: {1}', file, reason) : phrase('Cannot write {0}: {1}', file, reason);
  return new LabError('file-unreadable', message, {
    remedy: phrase('Check the path and its permissions.'),
    ...cause,
  });
}

function reasonOf(error: unknown, code: string | undefined): Words {
  if (code === 'EISDIR') return phrase('it is a folder');
  if (code === 'ENOENT' || code === 'ENOTDIR') return phrase('its folder does not exist');
  if (code === 'EACCES' || code === 'EPERM') return phrase('permission denied');
  return errorWords(error).message;
}
