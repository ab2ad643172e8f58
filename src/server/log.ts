// The log of the server: lines on its standard error, which is a file of the workspace's state. A disk that is full must not
// stop a server that can still answer, so a line that cannot be written is lost.
import { writeSync } from 'node:fs';

const standardError = 2;

/** Writes a line of the log. Never throws. */
export function writeLog(line: string): void {
  try {
    // Past `process.stderr`: its stream throws on a full disk, and then holds back whatever follows for ever.
    writeSync(standardError, `${line}\n`);
  } catch {
    // There is nowhere left to say it.
  }
}
