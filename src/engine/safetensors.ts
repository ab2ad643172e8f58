// Reads and writes safetensors, one file or sharded with an index, without loading more than one tensor at a time. Only
// this format is read: pickled checkpoints can run code and are refused by name.
import { open, readFile, rename, stat, readdir, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { LabError } from '../shared/errors.ts';
import { phrase, type Words } from '../shared/phrase.ts';

export type StoredType = 'F32' | 'F16' | 'BF16';

const BYTES: Record<StoredType, number> = { F32: 4, F16: 2, BF16: 2 };
const MAX_HEADER_BYTES = 100 * 1024 * 1024;
const INDEX_FILE = 'model.safetensors.index.json';

export interface TensorEntry {
  name: string;
  type: StoredType;
  shape: number[];
  file: string;
  /** Absolute byte range in the file. */
  start: number;
  end: number;
}

/** A tensor widened to 32-bit floats. */
export interface LoadedTensor {
  name: string;
  /** The type it had in the file. */
  type: StoredType;
  shape: number[];
  data: Float32Array;
}

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().min(0)),
  data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]),
});

function invalid(file: string, what: Words, remedy: Words = phrase('Download or export the file again.')): never {
  throw new LabError('safetensors-invalid', phrase('{0}: {1}', file, what), { remedy });
}

/** Reads and checks the header of one file. */
async function readHeader(file: string, handle: FileHandle): Promise<TensorEntry[]> {
  const { size } = await handle.stat();
  if (size < 8) invalid(file, phrase('is {0} bytes long, too short for a safetensors header', size));
  const lengthBytes = Buffer.alloc(8);
  await handle.read(lengthBytes, 0, 8, 0);
  const headerLength = Number(lengthBytes.readBigUInt64LE());
  if (headerLength > size - 8 || headerLength > MAX_HEADER_BYTES) {
    invalid(file, phrase('the header claims {0} bytes but the file has {1}', headerLength, size));
  }
  const header = Buffer.alloc(headerLength);
  await handle.read(header, 0, headerLength, 8);
  let parsed: unknown;
  try {
    parsed = JSON.parse(header.toString('utf8'));
  } catch (error) {
    throw new LabError('safetensors-invalid', phrase('{0}: the header is not JSON', file), { cause: error });
  }
  if (typeof parsed !== 'object' || parsed === null) invalid(file, phrase('the header is not an object'));
  const names = Object.keys(parsed).filter((name) => name !== '__metadata__');
  const entries = names.map((name) =>
    checkEntry(file, name, (parsed as Record<string, unknown>)[name], 8 + headerLength, size),
  );
  checkLayout(file, entries, 8 + headerLength, size);
  return entries;
}

/** The format wants the tensors to cover the data without gap or overlap: anything else is a damaged or crafted file. */
function checkLayout(file: string, entries: readonly TensorEntry[], dataStart: number, size: number): void {
  let end = dataStart;
  for (const entry of [...entries].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (entry.start < end) invalid(file, phrase('tensor {0} overlaps another tensor', entry.name));
    if (entry.start > end)
      invalid(file, phrase('has {0} bytes before tensor {1} that belong to none', entry.start - end, entry.name));
    end = entry.end;
  }
  if (end < size) invalid(file, phrase('has {0} bytes behind the last tensor that belong to none', size - end));
}

function checkEntry(file: string, name: string, raw: unknown, dataStart: number, size: number): TensorEntry {
  const entry = entrySchema.safeParse(raw);
  if (!entry.success) return invalid(file, phrase('tensor {0} has a damaged header entry', name));
  const { dtype, shape, data_offsets: offsets } = entry.data;
  if (!Object.hasOwn(BYTES, dtype)) {
    const remedy = phrase('F32, F16 and BF16 are read; convert the checkpoint.');
    return invalid(file, phrase('tensor {0} has type {1}', name, dtype), remedy);
  }
  const type = dtype as StoredType;
  const expected = shape.reduce((a, b) => a * b, 1) * BYTES[type];
  if (offsets[1] - offsets[0] !== expected) {
    invalid(
      file,
      phrase(
        'tensor {0} of shape [{1}] needs {2} bytes, the header gives {3}',
        name,
        shape.join(', '),
        expected,
        offsets[1] - offsets[0],
      ),
    );
  }
  if (dataStart + offsets[1] > size) {
    const end = dataStart + offsets[1];
    invalid(file, phrase('is truncated: tensor {0} ends at byte {1}, the file at {2}', name, end, size));
  }
  return { name, type, shape, file, start: dataStart + offsets[0], end: dataStart + offsets[1] };
}

function widen(type: StoredType, bytes: Buffer): Float32Array {
  const count = bytes.length / BYTES[type];
  if (type === 'F32') return new Float32Array(bytes.buffer, bytes.byteOffset, count);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  const out = new Float32Array(count);
  if (type === 'BF16') {
    const bits = new Uint32Array(out.buffer);
    for (let i = 0; i < count; i++) bits[i] = halves[i]! << 16;
    return out;
  }
  for (let i = 0; i < count; i++) out[i] = halfToFloat(halves[i]!);
  return out;
}

/** IEEE 754 binary16 to number. */
function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** All tensors of a model folder, read on demand. Close it when done. */
export class Safetensors {
  private readonly handles = new Map<string, Promise<FileHandle>>();

  private constructor(readonly entries: ReadonlyMap<string, TensorEntry>) {}

  static async open(files: readonly string[]): Promise<Safetensors> {
    const entries = new Map<string, TensorEntry>();
    for (const file of files) {
      const handle = await openForReading(file);
      try {
        for (const entry of await readHeader(file, handle)) entries.set(entry.name, entry);
      } finally {
        await handle.close();
      }
    }
    return new Safetensors(entries);
  }

  get names(): string[] {
    return [...this.entries.keys()];
  }

  /** @throws LabError safetensors-invalid when there is no such tensor. */
  async read(name: string): Promise<LoadedTensor> {
    const entry = this.entries.get(name);
    if (!entry)
      return invalid(
        [...new Set([...this.entries.values()].map((e) => e.file))].join(', '),
        phrase('has no tensor {0}', name),
      );
    // A fresh, aligned buffer per tensor: the floats may then be used in place.
    const buffer = Buffer.from(new ArrayBuffer(entry.end - entry.start));
    let handle = this.handles.get(entry.file);
    if (!handle) this.handles.set(entry.file, (handle = openForReading(entry.file)));
    await readFully(await handle, buffer, entry);
    return { name, type: entry.type, shape: entry.shape, data: widen(entry.type, buffer) };
  }

  async close(): Promise<void> {
    for (const handle of this.handles.values()) await (await handle).close();
    this.handles.clear();
  }
}

async function readFully(handle: FileHandle, buffer: Buffer, entry: TensorEntry): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await handle.read(buffer, done, Math.min(buffer.length - done, 1 << 30), entry.start + done);
    if (bytesRead === 0) invalid(entry.file, phrase('ended inside tensor {0}', entry.name));
    done += bytesRead;
  }
}

async function openForReading(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    throw new LabError('file-not-found', phrase('{0}: cannot be opened', file), {
      cause: error,
      remedy: phrase('Check the path and its permissions.'),
    });
  }
}

/** The safetensors files of a model folder: `model.safetensors`, or the shards that the index names. */
export async function findSafetensors(folder: string): Promise<string[]> {
  const single = path.join(folder, 'model.safetensors');
  if (await exists(single)) return [single];
  const indexFile = path.join(folder, INDEX_FILE);
  if (await exists(indexFile)) return shardFiles(folder, indexFile);
  const others = (await listFolder(folder)).filter((name) => /\.(bin|pt|pth|ckpt|h5)$/.test(name));
  const remedy =
    others.length > 0
      ? phrase(
          'Only safetensors are read, {0} is not; convert it with save_pretrained(..., safe_serialization=True).',
          others[0]!,
        )
      : phrase('A model folder needs model.safetensors or model.safetensors.index.json.');
  throw new LabError('file-not-found', phrase('{0}: no safetensors weights', folder), { remedy });
}

async function shardFiles(folder: string, indexFile: string): Promise<string[]> {
  const schema = z.object({ weight_map: z.record(z.string(), z.string()) });
  const parsed = schema.safeParse(await readJson(indexFile));
  if (!parsed.success) return invalid(indexFile, phrase('has no weight_map'));
  const names = [...new Set(Object.values(parsed.data.weight_map))].sort();
  const outside = names.find((name) => path.basename(name) !== name);
  if (outside) return invalid(indexFile, phrase('names a shard outside its folder: {0}', outside));
  for (const name of names) {
    if (await exists(path.join(folder, name))) continue;
    throw new LabError(
      'file-not-found',
      phrase('{0} is missing, and {1} names it', path.join(folder, name), indexFile),
      {
        remedy: phrase('The download is not complete: fetch the missing files'),
      },
    );
  }
  return names.map((name) => path.join(folder, name));
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    return invalid(file, phrase('is not JSON ({0})', (error as Error).message));
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

async function listFolder(folder: string): Promise<string[]> {
  return readdir(folder).catch((cause: unknown) => {
    throw new LabError('file-not-found', phrase('{0}: no such model folder', folder), { cause });
  });
}

/** Opens the weights of a model folder. */
export async function openSafetensors(folder: string): Promise<Safetensors> {
  return Safetensors.open(await findSafetensors(folder));
}

/** A tensor to write, made when its turn comes so that only one is in memory. */
export interface TensorSource {
  name: string;
  shape: readonly number[];
  data(): Promise<Float32Array> | Float32Array;
}

/**
 * Writes tensors as F32 to one file, atomically: a reader sees the old file or the whole new one.
 * @throws LabError disk-full when the disk has no room; the half-written file is removed.
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly TensorSource[],
  metadata: Record<string, string> = { format: 'pt' },
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape } of tensors) {
    const end = offset + shape.reduce((a, b) => a * b, 1) * 4;
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const temporary = `${file}.part`;
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.write(Buffer.concat([length, padded]));
      for (const tensor of tensors) await writeFully(handle, await tensor.data());
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeError(file, error);
  }
}

async function writeFully(handle: FileHandle, data: Float32Array): Promise<void> {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, 1 << 30));
    done += bytesWritten;
  }
}

function writeError(file: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new LabError('disk-full', phrase('{0}: the disk is full', file), {
      cause: error,
      remedy: phrase('Free some space and resume; nothing written before is lost.'),
    });
  }
  return error;
}
