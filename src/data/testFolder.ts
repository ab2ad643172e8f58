// Temporary folders and tiny model folders for the tests of this and of higher folders; not part of the product.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { byteLevelTokenizer, chatmlTemplate } from '../tokenizer/testTokenizers.ts';
import { loadTextSide, type TextSide } from './textSide.ts';

/** A new folder that is removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'forgetting-lab-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files into a new folder; objects become JSON. */
export async function folderWith(files: Record<string, unknown>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await writeFile(
      join(folder, name),
      typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
    );
  }
  return folder;
}

/** The text files of a ChatML model with a byte tokenizer (ids 0-255 are bytes, then the three special tokens). */
export function chatModelFiles(): Record<string, unknown> {
  return {
    'tokenizer.json': byteLevelTokenizer(),
    'tokenizer_config.json': { eos_token: '<|endoftext|>', chat_template: chatmlTemplate },
    'config.json': { max_position_embeddings: 512 },
  };
}

/** The text side of `chatModelFiles()` with some files replaced (undefined: left out). */
export async function textSideOf(files: Record<string, unknown> = {}): Promise<TextSide> {
  const all = Object.entries({ ...chatModelFiles(), ...files }).filter(([, content]) => content !== undefined);
  return loadTextSide(await folderWith(Object.fromEntries(all)));
}
