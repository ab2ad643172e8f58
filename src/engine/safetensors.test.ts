import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { findSafetensors, openSafetensors, Safetensors, writeSafetensors } from './safetensors.ts';

const temporary = mkdtempSync(path.join(os.tmpdir(), 'safetensors-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

let count = 0;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(temporary, `case${count++}-`));
});

/** Writes a file from a header object and data bytes, as the format's specification says. */
function writeRaw(name: string, header: object, data: Uint8Array): string {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = path.join(folder, name);
  writeFileSync(file, Buffer.concat([length, json, data]));
  return file;
}

const entry = (dtype: string, shape: number[], start: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

describe('reading', () => {
  it('widens F16 and BF16, special values included', async () => {
    // binary16: 1, -2, 0.5, smallest subnormal 2^-24, infinity, NaN; bfloat16: 1, -2, 0.15625, 2^-126
    const half = Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x0001, 0x7c00, 0x7e00);
    const brain = Uint16Array.of(0x3f80, 0xc000, 0x3e20, 0x0080);
    const data = Buffer.concat([Buffer.from(half.buffer), Buffer.from(brain.buffer)]);
    const file = writeRaw('model.safetensors', { h: entry('F16', [6], 0, 12), b: entry('BF16', [2, 2], 12, 20) }, data);
    const files = await Safetensors.open([file]);
    expect([...(await files.read('h')).data]).toEqual([1, -2, 0.5, 2 ** -24, Infinity, NaN]);
    expect(await files.read('b')).toMatchObject({
      type: 'BF16',
      shape: [2, 2],
      data: Float32Array.of(1, -2, 0.15625, 2 ** -126),
    });
    await files.close();
  });

  it('follows the index of a sharded model', async () => {
    await writeSafetensors(path.join(folder, 'model-00001.safetensors'), [
      { name: 'a', shape: [2], data: () => Float32Array.of(1, 2) },
    ]);
    await writeSafetensors(path.join(folder, 'model-00002.safetensors'), [
      { name: 'b', shape: [1], data: () => Float32Array.of(3) },
    ]);
    const index = { weight_map: { a: 'model-00001.safetensors', b: 'model-00002.safetensors' } };
    writeFileSync(path.join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
    const files = await openSafetensors(folder);
    expect(files.names).toEqual(['a', 'b']);
    expect([...(await files.read('b')).data]).toEqual([3]);
    await files.close();
  });
});

describe('refusing', () => {
  const opening = (file: string) => Safetensors.open([file]);
  const good = () => writeRaw('model.safetensors', { a: entry('F32', [2], 0, 8) }, new Uint8Array(8));

  it.each<[string, () => string, RegExp]>([
    [
      'an empty file',
      () => (writeFileSync(path.join(folder, 'x'), ''), path.join(folder, 'x')),
      /0 bytes long, too short/,
    ],
    [
      'a header larger than the file',
      () => {
        const file = good();
        truncateSync(file, 20);
        return file;
      },
      /header claims \d+ bytes but the file has 20/,
    ],
    [
      'truncated data',
      () => {
        const file = good();
        truncateSync(file, readFileSync(file).length - 3);
        return file;
      },
      /is truncated: tensor a ends at byte/,
    ],
    [
      'a shape that does not fit its bytes',
      () => writeRaw('x', { a: entry('F32', [3], 0, 8) }, new Uint8Array(8)),
      /tensor a of shape \[3\] needs 12 bytes, the header gives 8/,
    ],
    [
      'an unknown type',
      () => writeRaw('x', { a: entry('I8', [8], 0, 8) }, new Uint8Array(8)),
      /tensor a has type I8.*/,
    ],
    [
      'a type name from the prototype',
      () => writeRaw('x', { a: entry('constructor', [8], 0, 8) }, new Uint8Array(8)),
      /has type constructor/,
    ],
    [
      'a damaged entry',
      () => writeRaw('x', { a: { dtype: 'F32' } }, new Uint8Array(8)),
      /tensor a has a damaged header entry/,
    ],
    [
      'tensors that overlap',
      () => writeRaw('x', { a: entry('F32', [2], 0, 8), b: entry('F32', [2], 0, 8) }, new Uint8Array(8)),
      /tensor b overlaps another tensor/,
    ],
    [
      'bytes between tensors that belong to none',
      () => writeRaw('x', { a: entry('F32', [1], 0, 4), b: entry('F32', [1], 8, 12) }, new Uint8Array(12)),
      /has 4 bytes before tensor b that belong to none/,
    ],
    [
      'bytes behind the last tensor',
      () => writeRaw('x', { a: entry('F32', [1], 0, 4) }, new Uint8Array(9)),
      /has 5 bytes behind the last tensor/,
    ],
    [
      'a header that is not JSON',
      () => {
        const file = good();
        const bytes = readFileSync(file);
        bytes[8] = 0x78;
        writeFileSync(file, bytes);
        return file;
      },
      /header is not JSON/,
    ],
  ])('%s', async (_, make, message) => {
    const file = make();
    await expect(opening(file)).rejects.toMatchObject({
      code: 'safetensors-invalid',
      message: expect.stringMatching(message) as string,
    });
    await expect(opening(file)).rejects.toThrow(file);
  });

  it('pickles, by name', async () => {
    writeFileSync(path.join(folder, 'pytorch_model.bin'), 'x');
    await expect(findSafetensors(folder)).rejects.toMatchObject({
      remedy: expect.stringContaining('pytorch_model.bin is not') as string,
    });
  });

  it('a shard that has not been fetched', async () => {
    const index = { weight_map: { a: 'model-00001-of-00002.safetensors' } };
    writeFileSync(path.join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
    await expect(findSafetensors(folder)).rejects.toMatchObject({
      message: expect.stringMatching(/00001-of-00002\.safetensors is missing, and .*index\.json names it/) as string,
      remedy: expect.stringContaining('not complete') as string,
    });
  });

  it('a missing folder and a shard outside the folder', async () => {
    await expect(findSafetensors(path.join(folder, 'nowhere'))).rejects.toThrow(/no such model folder/);
    writeFileSync(
      path.join(folder, 'model.safetensors.index.json'),
      JSON.stringify({ weight_map: { a: '../evil.safetensors' } }),
    );
    await expect(findSafetensors(folder)).rejects.toThrow(/shard outside its folder/);
  });
});

describe('writing', () => {
  it('round-trips and leaves no partial file', async () => {
    const file = path.join(folder, 'model.safetensors');
    const data = Float32Array.of(1.5, -2, 3e-30, 4);
    await writeSafetensors(file, [{ name: 'w', shape: [2, 2], data: () => data }]);
    const files = await Safetensors.open([file]);
    expect(await files.read('w')).toMatchObject({ shape: [2, 2], data });
    await files.close();
  });

  it('keeps the old file when the new one fails half-way', async () => {
    const file = path.join(folder, 'model.safetensors');
    await writeSafetensors(file, [{ name: 'w', shape: [1], data: () => Float32Array.of(1) }]);
    const before = readFileSync(file);
    const failing = {
      name: 'w',
      shape: [1],
      data: () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' })),
    };
    await expect(writeSafetensors(file, [failing])).rejects.toMatchObject({ code: 'disk-full' });
    expect(readFileSync(file)).toEqual(before);
  });
});
