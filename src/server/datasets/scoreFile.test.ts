import { appendFile, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../data/testFolder.ts';
import { ScoreFile } from './scoreFile.ts';

const key = (index: number): string => String(index).padStart(16, 'k');
const large = 2 ** 20;

describe('scores on disk', () => {
  it('come back exactly', async () => {
    const path = join(await temporaryFolder(), 'a.scores');
    const file = await ScoreFile.open(path, large);
    const logprobs = [-0.000001, -1.234567, -25.5, 0];
    file.put(key(1), { logprobs });
    file.put(key(2), { reason: 'too-long' });
    file.put(key(3), { logprobs: [] });
    await file.flush();
    const again = await ScoreFile.open(path, large);
    expect(again.get(key(1))).toEqual({ logprobs });
    expect(again.get(key(2))).toEqual({ reason: 'too-long' });
    expect(again.get(key(3))).toEqual({ logprobs: [] });
    expect(again.get(key(4))).toBeUndefined();
  });

  it('survive a damaged end, which is cut off', async () => {
    const path = join(await temporaryFolder(), 'a.scores');
    const file = await ScoreFile.open(path, large);
    for (let index = 0; index < 10; index++) file.put(key(index), { logprobs: [-index, -0.5] });
    await file.flush();
    const { size } = await stat(path);
    await truncate(path, size - 3);
    const shorter = await ScoreFile.open(path, large);
    expect(shorter.count).toBe(9);
    shorter.put(key(9), { logprobs: [-9, -0.5] });
    await shorter.flush();
    expect((await stat(path)).size).toBe(size);
    await appendFile(path, 'garbage that is long enough to look like a record of some kind');
    const whole = await ScoreFile.open(path, large);
    expect(whole.count).toBe(10);
    const bytes = await readFile(path);
    expect(bytes.length).toBe(size);
  });

  it('are whole although the file was removed meanwhile', async () => {
    const path = join(await temporaryFolder(), 'a.scores');
    const file = await ScoreFile.open(path, large);
    file.put(key(1), { logprobs: [-1] });
    await file.flush();
    await rm(path);
    file.put(key(2), { logprobs: [-2] });
    await file.flush();
    const again = await ScoreFile.open(path, large);
    expect(again.get(key(2))).toEqual({ logprobs: [-2] });
  });

  it('stay within their bound and keep what is used', async () => {
    const path = join(await temporaryFolder(), 'a.scores');
    const limit = 2000;
    const file = await ScoreFile.open(path, limit);
    const logprobs = Array.from({ length: 20 }, (_, index) => -(index + 1) / 10);
    for (let index = 0; index < 100; index++) {
      file.put(key(index), { logprobs });
      expect(file.get(key(0))).toEqual({ logprobs });
      if (index % 5 === 0) await file.flush();
    }
    await file.flush();
    expect((await stat(path)).size).toBeLessThanOrEqual(limit + 8);
    expect((await stat(`${path}.old`)).size).toBeLessThanOrEqual(limit + 8);
    const again = await ScoreFile.open(path, limit);
    expect(again.get(key(0))).toEqual({ logprobs });
    expect(again.get(key(99))).toEqual({ logprobs });
    expect(again.get(key(1))).toBeUndefined();
  });
});
