// Token probabilities that were computed once, on disk: an append-only file per model with a bound. When a file is full it
// becomes the old generation and a new one begins; what is still used moves along, what is not goes with the next change.
import { open, readFile, rename, rm, stat, truncate, utimes } from 'node:fs/promises';
import { slices } from '../../lab/slices.ts';

/** What is known about a row under a model: probabilities of its answer tokens, or why it cannot be scored. */
export type StoredScore = { logprobs: readonly number[] } | { reason: 'too-long' | 'no-token' };

const magic = Buffer.from('FLSCORE1');
const keyBytes = 16;
const headBytes = keyBytes + 8;
const reasons = ['too-long', 'no-token'] as const;
/** Counts from here on are reasons; no row has that many tokens. */
const firstReason = 0xffff_fff0;
/** Logarithms are kept as whole millionths, exactly as `scoreRows` rounds them. */
const unit = 1e6;

export class ScoreFile {
  private readonly entries = new Map<string, Int32Array | number>();
  private readonly old = new Map<string, Int32Array | number>();
  private pending: Buffer[] = [];
  private writing: Promise<void> | undefined;
  private size = 0;
  private readonly file: string;
  private readonly limit: number;

  private constructor(file: string, limit: number) {
    this.file = file;
    this.limit = limit;
  }

  /** Opens or begins a file; a damaged end is cut off. `limit`: bytes of one generation. */
  static async open(file: string, limit: number): Promise<ScoreFile> {
    const scores = new ScoreFile(file, limit);
    await load(oldName(file), scores.old);
    scores.size = await load(file, scores.entries);
    return scores;
  }

  /** `key`: 16 bytes as latin1. */
  get(key: string): StoredScore | undefined {
    const entry = this.entries.get(key);
    if (entry !== undefined) return decode(entry);
    const older = this.old.get(key);
    if (older === undefined) return undefined;
    this.add(key, older);
    return decode(older);
  }

  put(key: string, score: StoredScore): void {
    if (this.entries.has(key)) return;
    const entry =
      'reason' in score
        ? firstReason + reasons.indexOf(score.reason)
        : Int32Array.from(score.logprobs, (logprob) => Math.max(-(2 ** 31), Math.round(logprob * unit)));
    this.add(key, entry);
  }

  get count(): number {
    return this.entries.size;
  }

  /** Dates the file from now: those that nobody has used for longest go first. */
  async touch(): Promise<void> {
    const now = new Date();
    await utimes(this.file, now, now).catch(() => undefined); // nothing has been written yet
  }

  /** Resolves when everything that was put is on disk (or could not be written: a cache may be lost). */
  async flush(): Promise<void> {
    while (this.writing) await this.writing;
  }

  private add(key: string, entry: Int32Array | number): void {
    this.entries.set(key, entry);
    this.pending.push(encode(key, entry));
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
  }

  private async write(): Promise<void> {
    // What is put in the same turn goes to disk together.
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    while (this.pending.length > 0) {
      const bytes = Buffer.concat(this.pending);
      this.pending = [];
      try {
        if (this.size + bytes.length > this.limit && this.size > 0) await this.turnGeneration();
        const handle = await open(this.file, 'a', 0o600);
        try {
          // Somebody may have removed the file: it is the file that tells whether it has to be begun.
          this.size = (await handle.stat()).size;
          if (this.size === 0) this.size += (await handle.write(magic)).bytesWritten;
          this.size += (await handle.write(bytes)).bytesWritten;
        } finally {
          await handle.close();
        }
      } catch {
        return; // without room or permission the scores are computed again another day
      }
    }
  }

  private async turnGeneration(): Promise<void> {
    await rename(this.file, oldName(this.file));
    this.size = 0;
    this.old.clear();
    for (const [key, entry] of this.entries) this.old.set(key, entry);
    this.entries.clear();
  }
}

/** Removes the file of a model with its old generation. */
export async function removeScoreFile(file: string): Promise<void> {
  await rm(file, { force: true });
  await rm(oldName(file), { force: true });
}

const oldName = (file: string): string => `${file}.old`;

function encode(key: string, entry: Int32Array | number): Buffer {
  const values = typeof entry === 'number' ? new Int32Array(0) : entry;
  const bytes = Buffer.alloc(headBytes + values.length * 4);
  bytes.write(key, 0, keyBytes, 'latin1');
  bytes.writeUInt32LE(typeof entry === 'number' ? entry : values.length, keyBytes);
  values.forEach((value, index) => bytes.writeInt32LE(value, headBytes + index * 4));
  bytes.writeUInt32LE(checksum(bytes), keyBytes + 4);
  return bytes;
}

function decode(entry: Int32Array | number): StoredScore {
  if (typeof entry === 'number') return { reason: reasons[entry - firstReason] ?? 'no-token' };
  return { logprobs: Array.from(entry, (value) => value / unit) };
}

/** FNV-1a over a record without the four bytes of the sum itself. */
function checksum(record: Buffer): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < record.length; index++) {
    if (index >= keyBytes + 4 && index < headBytes) continue;
    hash = Math.imul(hash ^ (record[index] as number), 0x01000193);
  }
  return hash >>> 0;
}

/** Reads a file into `entries`; gives the length of its sound part, to which the file is cut. */
async function load(file: string, entries: Map<string, Int32Array | number>): Promise<number> {
  const bytes = await readFile(file).catch(() => undefined);
  if (!bytes?.subarray(0, magic.length).equals(magic)) {
    if (bytes !== undefined) await rm(file, { force: true });
    return 0;
  }
  const pause = slices();
  let at = magic.length;
  while (at + headBytes <= bytes.length) {
    await pause();
    const count = bytes.readUInt32LE(at + keyBytes);
    const length = headBytes + (count >= firstReason ? 0 : count * 4);
    if (at + length > bytes.length) break;
    const record = bytes.subarray(at, at + length);
    if (record.readUInt32LE(keyBytes + 4) !== checksum(record)) break;
    const values = (): Int32Array =>
      Int32Array.from({ length: count }, (_, index) => record.readInt32LE(headBytes + index * 4));
    entries.set(record.toString('latin1', 0, keyBytes), count >= firstReason ? count : values());
    at += length;
  }
  if (at < bytes.length) await truncate(file, at).catch(() => undefined);
  const info = await stat(file).catch(() => undefined);
  return Math.min(at, info?.size ?? 0);
}
