// SHA-256 of a file, read in pieces.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { fileError } from './fileErrors.ts';

/** Hex SHA-256 of a file's bytes. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  } catch (error) {
    throw fileError(error, file, 'read');
  }
  return hash.digest('hex');
}
