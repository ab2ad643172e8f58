import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { chatModelFiles, folderWith } from '../../data/testFolder.ts';
import { hashOfFacts, TextSides } from './textSides.ts';

it('checkpoints of a base share its vocabulary', async () => {
  const sides = new TextSides();
  const files = chatModelFiles();
  const [one, same, other] = await Promise.all(
    [
      files,
      { ...files, 'config.json': { max_position_embeddings: 64 } },
      { ...files, 'tokenizer_config.json': { eos_token: '<|im_end|>' } },
    ].map(async (content) => sides.get({ folder: await folderWith(content), stamp: 's' })),
  );
  expect(same?.tokenizer).toBe(one?.tokenizer);
  expect(same?.contextLength).toBe(64);
  expect(other?.tokenizer).not.toBe(one?.tokenizer);
  expect(other?.tokenizer.eosId).not.toBe(one?.tokenizer.eosId);
});

it('a folder that no longer holds what it held is refused, and a failure is not kept', async () => {
  const sides = new TextSides();
  const folder = await folderWith(chatModelFiles());
  const hash = hashOfFacts(await sides.get({ folder, stamp: 'before' }));
  expect(await sides.get({ folder, stamp: 'before', hash })).toBeDefined();
  await writeFile(join(folder, 'config.json'), '{"max_position_embeddings": 64}');
  // As when a thread that was ended has to read the folder once more.
  const later = new TextSides();
  await expect(later.get({ folder, stamp: 'before', hash })).rejects.toThrow('has changed while it was being read');
  await writeFile(join(folder, 'config.json'), '{"max_position_embeddings": 512}');
  expect(await later.get({ folder, stamp: 'before', hash })).toBeDefined();
});
