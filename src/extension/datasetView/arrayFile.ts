// Whether a JSON file is a list, told from its first bytes: it may be far too large to be read.
import { open } from 'node:fs/promises';

const headBytes = 4096;
const byteOrderMark = 0xfeff;

/** Whether the first visible character is `[`, after a byte order mark or without one. */
export async function startsAsArray(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(headBytes), 0, headBytes, 0);
    const head = buffer.toString('utf8', 0, bytesRead);
    const text = head.charCodeAt(0) === byteOrderMark ? head.slice(1) : head;
    return /^[ \t\r\n]*\[/.test(text);
  } finally {
    await handle.close();
  }
}
