import { join } from 'node:path';
import { expect, test } from 'vitest';
import { versionsNow } from '../../runs/resumable.ts';
import { chatModelFiles, folderWith } from '../../data/testFolder.ts';
import { checkMerge, launchSession } from '../../shared/protocol/lab/sessions.ts';
import { byteLevelTokenizer } from '../../tokenizer/testTokenizers.ts';
import { memoryServer, temporaryFolder } from '../runs/testing/memoryServer.ts';
import { writeRun } from '../runs/testing/writeRun.ts';
import { sessionsPart } from './sessionsPart.ts';
import { prepareWork } from './work.ts';

test('a run of other versions is refused before it is queued, unless they are accepted', async () => {
  const run = join(await temporaryFolder('lab-work-'), 'one');
  const made = (forgettingLab: string) =>
    writeRun(run, {
      withItems: false,
      change: (whole) => ({
        ...whole,
        config: { ...whole.config, versions: { ...versionsNow(), forgettingLab } },
      }),
    });
  await made('0.0.0');
  await expect(prepareWork({ kind: 'resume', run })).rejects.toMatchObject({ code: 'run-versions-differ' });
  expect(await prepareWork({ kind: 'resume', run, force: true })).toBe('synthetic');
  await made(versionsNow().forgettingLab);
  expect(await prepareWork({ kind: 'resume', run })).toBe('synthetic');
});

test('models with different tokenizers are refused when they are chosen, and in the same words when they are launched', async () => {
  const files = chatModelFiles();
  const base = await folderWith(files);
  const tuned = await folderWith(files);
  const other = await folderWith({ ...files, 'tokenizer.json': byteLevelTokenizer({ merges: [['a', 'b']] }) });
  const server = await memoryServer(sessionsPart, await temporaryFolder('lab-merge-'));
  expect(await server.call(checkMerge, { base, tuned })).toBeNull();
  const said = new RegExp(`^Different tokenizers: ${base} and ${other} cannot be merged$`);
  await expect(server.call(checkMerge, { base, tuned: other })).rejects.toThrow(said);
  const work = { kind: 'merge' as const, base, tuned: other, lambda: 0.5, out: join(base, 'out') };
  await expect(server.call(launchSession, work)).rejects.toThrow(said);
  await expect(server.call(checkMerge, { base, tuned: join(base, 'gone') })).rejects.toThrow('gone');
});

test('what is known of the texts of models is asked of whoever reads them', async () => {
  const model = await folderWith(chatModelFiles());
  const asked: string[] = [];
  const readFacts = (folder: string): never => {
    asked.push(folder);
    throw new Error('not here');
  };
  const merge = { kind: 'merge' as const, base: model, tuned: model, lambda: 0.5, out: join(model, 'out') };
  await expect(prepareWork(merge, readFacts)).rejects.toThrow('not here');
  const data = join(await folderWith({ 'rows.jsonl': { prompt: 'a', completion: 'b' } }), 'rows.jsonl');
  const targets = { kind: 'targets' as const, model, data, recipe: 'self-output', out: join(model, 'out') };
  await expect(prepareWork(targets, readFacts)).rejects.toThrow('not here');
  expect(asked).toEqual([model, model]);
});
