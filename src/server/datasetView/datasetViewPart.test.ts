import { readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inEnglish } from '../../shared/phrase.ts';
import {
  closeDatasetView,
  datasetViewChanged,
  explainDatasetViewRow,
  getDatasetViewRows,
  openDatasetView,
  scoreDatasetViewRows,
  searchDatasetView,
} from '../../shared/protocol/lab/datasetView.ts';
import { memoryServer, temporaryFolder } from '../runs/testing/memoryServer.ts';
import { datasetViewPart } from './datasetViewPart.ts';

/** Open files of this process at a path. */
async function handlesOf(file: string): Promise<number> {
  const links = await readdir('/proc/self/fd');
  const targets = await Promise.all(links.map((link) => readlink(`/proc/self/fd/${link}`).catch(() => '')));
  return targets.filter((target) => target === file).length;
}

async function opened(content = '{"prompt":"a","completion":"b"}\n'.repeat(1000), name = 'rows.jsonl') {
  const folder = await temporaryFolder('lab-view-');
  const file = join(folder, name);
  await writeFile(file, content);
  const server = await memoryServer(datasetViewPart, folder);
  const { id } = await server.call(openDatasetView, { file });
  return { server, file, id };
}

describe.skipIf(process.platform !== 'linux')('a dataset view gives its file back', () => {
  it('when it is closed, and then it is not open any more', async () => {
    const { server, file, id } = await opened();
    expect(await handlesOf(file)).toBe(1);
    await server.call(closeDatasetView, { id });
    expect(await handlesOf(file)).toBe(0);
    await expect(server.call(getDatasetViewRows, { id, from: 0, count: 1, characters: 10 })).rejects.toThrow(
      /not open any more/,
    );
    // Nobody has to know whether it was closed already.
    expect(await server.call(closeDatasetView, { id })).toBeNull();
  });

  it('when its window dies', async () => {
    const { server, file } = await opened();
    await server.call(openDatasetView, { file });
    expect(await handlesOf(file)).toBe(2);
    server.leave();
    await expect.poll(() => handlesOf(file)).toBe(0);
  });

  it('when its window died while it was opened', async () => {
    const { server, file, id } = await opened();
    await server.call(closeDatasetView, { id });
    const abort = new AbortController();
    const opening = server.call(openDatasetView, { file }, abort.signal);
    abort.abort();
    server.leave();
    await expect(opening).rejects.toThrow();
    expect(await handlesOf(file)).toBe(0);
  });
});

describe('a file that changes on the disk', () => {
  const inPlace = (file: string) => writeFile(file, '{"prompt":"new","completion":"row"}\n'.repeat(1000));
  const replaced = async (file: string) => {
    await inPlace(`${file}.new`);
    await rename(`${file}.new`, file);
  };
  const sameSize = async (file: string) => {
    const there = await readFile(file, 'utf8');
    await writeFile(`${file}.new`, there.replaceAll('"a"', '"z"'));
    await rename(`${file}.new`, file);
  };
  const changes = { 'changed in place': inPlace, 'replaced by another': replaced, 'replaced, as long': sameSize };

  for (const [how, change] of Object.entries(changes)) {
    it(`${how}: nothing is told of it, and the view hears of it`, async () => {
      const { server, file, id } = await opened();
      const [row] = await server.call(getDatasetViewRows, { id, from: 0, count: 1, characters: 10 });
      expect(row?.prompt).toBe('a');
      await change(file);
      const told = await server.next(datasetViewChanged, ({ failure }) => failure !== undefined);
      expect(inEnglish(told.failure!.message)).toBe(`${file} has changed since it was opened`);
      const model = { name: 'pocket', device: 'cpu' } as const;
      const signal = new AbortController().signal;
      for (const asked of [
        () => server.call(getDatasetViewRows, { id, from: 0, count: 1, characters: 10 }),
        () => server.call(searchDatasetView, { id, text: 'row', from: 0 }, signal),
        () => server.call(scoreDatasetViewRows, { id, model, rows: [0] }, signal),
        () => server.call(explainDatasetViewRow, { id, model, row: 0 }, signal),
      ]) {
        await expect(asked()).rejects.toThrow(/has changed since it was opened/);
      }
      // Opened again it is read as it is now.
      const again = await server.call(openDatasetView, { file });
      const [now] = await server.call(getDatasetViewRows, { id: again.id, from: 0, count: 1, characters: 10 });
      expect(now?.prompt).toBe(change === sameSize ? 'z' : 'new');
    });
  }

  it('is missed when it is gone', async () => {
    const { server, file } = await opened();
    await rm(file);
    const told = await server.next(datasetViewChanged, ({ failure }) => failure !== undefined);
    expect(inEnglish(told.failure!.message)).toBe(`${file} does not exist`);
  });
});

describe('rows are understood from the first one on', () => {
  const rows = ['{"prompt":"1+1","completion":"2"}', '{"prompt":"2+2","completion":"4"}'];
  const long = 'x'.repeat(1 << 21);
  it.each([
    ['in a JSON array', `[${rows.join(',')}]`, 'rows.json'],
    ['in a JSON array after blanks', `\n  [\n${rows.join(',\n')}\n]\n`, 'rows.json'],
    ['after a byte order mark', `\ufeff${rows.join('\n')}\n`, 'rows.jsonl'],
    ['when the first row is longer than what is read at once', `[{"note":"${long}"},${rows.join(',')}]`, 'rows.json'],
  ])('%s', async (_, content, name) => {
    const { server, id } = await opened(content, name);
    // The last two rows; they are indexed when the file is open.
    const from = content.includes(long) ? 1 : 0;
    const shown = await server.call(getDatasetViewRows, { id, from, count: 2, characters: 100 });
    expect(shown.map(({ prompt, answer, problem }) => ({ prompt, answer, problem }))).toEqual([
      { prompt: '1+1', answer: '2', problem: undefined },
      { prompt: '2+2', answer: '4', problem: undefined },
    ]);
    await server.call(closeDatasetView, { id });
  });
});
