// The queue on disk: one small file that appears whole, read when a server starts.
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fileError, writeTextAtomically } from '../../runs/files.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import type { SessionFiles } from '../session/messages.ts';
import { sessionWorkSchema } from './work.ts';

/** A session with what only the server knows. */
export interface Entry {
  summary: SessionSummary;
  /** The process that works on it, or last did. */
  pid?: number;
  processStart?: string;
  /** Times (ms) at which it was resumed because its process had died. */
  restarts: number[];
}

const text = z.string();
const words = z.union([text, z.looseObject({ text, values: z.array(z.unknown()) })]);
const entrySchema = z.object({
  summary: z.looseObject({
    id: z.string().regex(/^[a-z0-9-]+$/),
    work: sessionWorkSchema,
    title: words,
    state: z.enum(['queued', 'running', 'stopping', 'done', 'stopped', 'failed']),
    queuedAt: text,
  }),
  pid: z.number().int().optional(),
  processStart: text.optional(),
  restarts: z.array(z.number()),
});
const fileSchema = z.object({ formatVersion: z.literal(1), entries: z.array(entrySchema) });

export class QueueStore {
  private readonly folder: string;
  private writing = Promise.resolve();

  constructor(stateFolder: string) {
    this.folder = join(stateFolder, 'sessions');
  }

  /** Files of a session. */
  files(id: string): SessionFiles {
    const file = (end: string): string => join(this.folder, `${id}.${end}`);
    return { log: file('log'), status: file('status.json'), stop: file('stop') };
  }

  /** The queue as it was left. A damaged file is put aside and said through `warn`; throws where it cannot be read. */
  async read(warn: (message: string) => void): Promise<Entry[]> {
    const file = this.queueFile();
    let content: string;
    try {
      content = await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // the first start
      throw fileError(error, 'read', file);
    }
    try {
      return fileSchema.parse(JSON.parse(content)).entries as Entry[];
    } catch (error) {
      const aside = `${file}.damaged`;
      await rename(file, aside);
      warn(`the queue could not be read and was put aside as ${aside}: ${(error as Error).message}`);
      return [];
    }
  }

  /** Writes the queue; resolves when it is on disk. Writes follow one another. */
  write(entries: readonly Entry[]): Promise<void> {
    // Progress is told again by whoever works on it.
    const withoutProgress = (key: string, value: unknown): unknown => (key === 'progress' ? undefined : value);
    const content = JSON.stringify({ formatVersion: 1, entries }, withoutProgress, 1);
    const written = this.writing.then(() => writeTextAtomically(this.queueFile(), content));
    this.writing = written.catch(() => undefined); // told to whoever asked for this write
    return written;
  }

  /** Removes the files of a session. */
  async forget(id: string): Promise<void> {
    for (const file of Object.values(this.files(id)) as string[]) await rm(file, { force: true });
  }

  private queueFile(): string {
    return join(this.folder, 'queue.json');
  }
}
