// Turns what the operating system says about a file into an error that names the file and what to do.
import { LabError } from '../shared/errors.ts';

/** `doing` completes "cannot ...": "read", "write". Errors that already are LabErrors pass through. */
export function fileError(error: unknown, file: string, doing: 'read' | 'write'): LabError {
  if (error instanceof LabError) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const cause = { cause: error };
  if (code === 'ENOENT' && doing === 'read') {
    return new LabError('file-not-found', `${file} does not exist`, { remedy: 'Check the path.', ...cause });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new LabError('disk-full', `There is no room left to write ${file}`, {
      remedy: 'Free some disk space and try again.',
      ...cause,
    });
  }
  const reason =
    code === 'EISDIR'
      ? 'it is a folder'
      : code === 'ENOENT' || code === 'ENOTDIR'
        ? 'its folder does not exist'
        : code === 'EACCES' || code === 'EPERM'
          ? 'permission denied'
          : error instanceof Error
            ? error.message
            : String(error);
  return new LabError('file-unreadable', `Cannot ${doing} ${file}: ${reason}`, {
    remedy: 'Check the path and its permissions.',
    ...cause,
  });
}
