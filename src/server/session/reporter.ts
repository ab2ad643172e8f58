// Tells the server how a session is getting on: by message while there is a server, by file always when something
// important happens, and by file every second when the server has gone.
import { writeTextAtomically } from '../../runs/files.ts';
import type { SessionProgress } from '../../shared/protocol/lab/sessions.ts';
import type { SessionEnd, SessionStatus } from './messages.ts';

/** At most ten messages a second; a file is written once a second. */
const messageMs = 100;
const fileMs = 1000;

export class Reporter {
  private readonly file: string;
  private status: SessionStatus = {};
  private sentAt = 0;
  private writtenAt = 0;
  private writing = Promise.resolve();

  constructor(file: string) {
    this.file = file;
  }

  /** Whether progress would be told now; it costs something to work out. */
  wantsProgress(now: number): boolean {
    return now - this.sentAt >= messageMs;
  }

  progress(progress: SessionProgress, now: number): void {
    this.status = { ...this.status, progress };
    this.sentAt = now;
    this.send();
    if (process.connected || now - this.writtenAt < fileMs) return;
    this.writtenAt = now;
    this.write();
  }

  run(folder: string): void {
    this.status = { ...this.status, run: folder };
    this.write();
    this.send();
  }

  /** The last word; resolves when it is on disk and on its way. */
  async end(end: SessionEnd): Promise<void> {
    this.status = { ...this.status, end };
    this.write();
    await this.writing;
    await new Promise<void>((resolve) => this.send(resolve));
  }

  private send(sent: () => void = () => undefined): void {
    // A server that has gone in this moment reads the file.
    if (process.connected && process.send) process.send(this.status, undefined, {}, () => sent());
    else sent();
  }

  private write(): void {
    const text = JSON.stringify(this.status);
    this.writing = this.writing
      .then(() => writeTextAtomically(this.file, text))
      .catch((error: unknown) => console.error(`The status of this session cannot be written: ${String(error)}`));
  }
}
