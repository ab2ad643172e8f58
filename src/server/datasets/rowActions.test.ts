// Row actions and the list of files with the real pocket model.
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { packageRoot } from '../../runs/packageRoot.ts';
import * as protocol from '../../shared/protocol/lab/datasets.ts';
import type { RowAction, RowActionResult } from '../../shared/protocol/lab/datasets.ts';
import type { TextRange } from '../../shared/protocol/lab/experiments.ts';
import { memoryServer, temporaryFolder, type MemoryServer } from '../runs/testing/memoryServer.ts';
import { datasetsPart } from './datasetsPart.ts';
import { withAnswer } from './rowEdits.ts';
import { phrase } from '../../shared/phrase.ts';

const model = { name: 'pocket', device: 'cpu' } as const;
const example = join(packageRoot, 'examples/pocket');

async function workspaceWithData(): Promise<{ server: MemoryServer; folder: string; path: string }> {
  const folder = await temporaryFolder('lab-actions-');
  await mkdir(join(folder, 'data'));
  const path = join(folder, 'data/subtraction.jsonl');
  const rows = (await readFile(join(example, 'data/subtraction.jsonl'), 'utf8')).split('\n').slice(0, 30);
  await writeFile(path, `${rows.join('\n')}\n`);
  await copyFile(join(example, 'pocket.experiment.yaml'), join(folder, 'pocket.experiment.yaml'));
  return { server: await memoryServer(datasetsPart, folder), folder, path };
}

function applied(text: string, { edits }: RowActionResult): string {
  const lines = text.split('\n');
  for (const { range, newText } of edits) lines[range.start.line] = newText;
  return lines.join('\n');
}

/** From the beginning of a line to the beginning of another, as an editor selects whole lines. */
const linesOf = (from: number, to: number): TextRange => ({
  start: { line: from, character: 0 },
  end: { line: to, character: 0 },
});

describe('row actions', () => {
  it('write verified answers of the model, masks, and go back', async () => {
    const { server, path } = await workspaceWithData();
    const text = await readFile(path, 'utf8');
    const act = async (before: string, action: RowAction): Promise<RowActionResult> => {
      await server.call(protocol.openDataset, { uri: path, path, version: 1, text: before });
      const range = linesOf(0, 20);
      return server.call(protocol.rewriteDatasetRows, { uri: path, version: 1, range, action, model });
    };
    const own = await act(text, 'self-output');
    expect(own.verifier).toBe('last_number');
    expect(own.edits.length + own.skipped.length).toBe(20);
    expect(own.edits.length).toBeGreaterThan(5);
    for (const { newText } of own.edits) {
      const row = JSON.parse(newText) as { completion: { content: string }[]; answer: string; provenance: string };
      expect(row.completion[0]?.content.match(/\d+/g)?.at(-1)).toBe(row.answer);
      expect(row).toMatchObject({
        provenance: 'self_output',
        lab_ground_truth: expect.stringMatching(/^# /) as string,
      });
    }
    const changed = applied(text, own);
    const masked = applied(changed, await act(changed, 'mask-hard'));
    const back = await act(masked, 'ground-truth');
    expect(applied(masked, back)).toBe(text);
    const mask = await act(text, 'mask-hard');
    expect(mask.edits).toHaveLength(20);
    const { rows } = await maskedRows(server, path, applied(text, mask));
    expect(rows[0]?.maskedTokens).toBeGreaterThan(0);
    expect(rows[0]?.perplexity).toBeLessThan(2.5);
  });

  it('change the element of an array that the cursor is in, where several share a line', async () => {
    const { server, folder } = await workspaceWithData();
    const path = join(folder, 'array.json');
    const row = (a: number, b: number): string =>
      `{"question":"What is ${a} - ${b}?","answer":"# ${a} ; ${b} # ${a - b}"}`;
    const [first, second] = [row(45, 23), row(38, 12)];
    for (const [text, line] of [
      [`[${first},${second}]`, 0],
      [`[{\n${first.slice(1, -1)}\n}, {\n${second.slice(1, -1)}\n}]`, 2],
    ] as const) {
      await server.call(protocol.openDataset, { uri: path, path, version: 1, text });
      const place = { line, character: text.split('\n')[line]?.lastIndexOf('{') ?? -1 };
      const range = { start: place, end: place };
      const { rows } = await server.call(protocol.getDatasetRows, { uri: path, version: 1, range });
      expect(rows.map(({ number }) => number)).toEqual([2]);
      const request = { uri: path, version: 1, range, action: 'mask-hard', model } as const;
      const { edits } = await server.call(protocol.rewriteDatasetRows, request);
      expect(edits.map(({ newText }) => (JSON.parse(newText) as { answer: string }).answer)).toEqual([
        '# 38 ; 12 # 26',
      ]);
      expect(edits[0]?.range.start).toEqual(place);
    }
  });

  it('count every selected row, change the first ones, and refuse a place in an older text', async () => {
    const { server, folder } = await workspaceWithData();
    const path = join(folder, 'many.jsonl');
    const row = '{"question":"q","answer":"a","lab_ground_truth":"b"}';
    const text = `broken\n\n${`${row}\n`.repeat(450)}`;
    await server.call(protocol.openDataset, { uri: path, path, version: 3, text });
    const request = { uri: path, range: linesOf(0, 302), action: 'ground-truth', model } as const;
    const { edits, selected } = await server.call(protocol.rewriteDatasetRows, { ...request, version: 3 });
    expect([edits.length, edits.at(-1)?.range.start.line, selected]).toEqual([200, 201, 300]);
    await expect(server.call(protocol.rewriteDatasetRows, { ...request, version: 2 })).rejects.toThrow(
      'The text has changed meanwhile',
    );
  });

  it('verify from the ground truth that a changed row keeps, whatever its format calls the answer', async () => {
    const { server, path } = await workspaceWithData();
    const text = '{"question":"What is 45 - 23?","answer":"99","provenance":"self_output","lab_ground_truth":"22"}';
    await server.call(protocol.openDataset, { uri: path, path, version: 1, text });
    const request = { uri: path, version: 1, range: linesOf(0, 1), action: 'self-output', model } as const;
    const { edits, skipped } = await server.call(protocol.rewriteDatasetRows, request);
    expect(skipped).toEqual([]);
    const row = JSON.parse(edits[0]?.newText ?? '') as { answer: string };
    expect(row.answer.match(/\d+/g)?.at(-1)).toBe('22');
  });

  it('offer the way back for answers replaced here, not for columns of the dataset', async () => {
    const { server, folder } = await workspaceWithData();
    const path = join(folder, 'reference.jsonl');
    const own = '{"question":"6 * 7?","answer":"Six times seven is 42.","ground_truth":"42"}';
    const parts =
      '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"text","text":"a"}]}]}';
    for (const [row, format] of [
      [own, 'question-answer'],
      [parts, 'messages'],
    ] as const) {
      const text = `${row}\n${withAnswer(row, format, 'new', 'self_output')}\n`;
      await server.call(protocol.openDataset, { uri: path, path, version: 1, text });
      const { rows } = await server.call(protocol.getDatasetRows, { uri: path, version: 1, range: linesOf(0, 2) });
      expect(rows.map(({ hasGroundTruth }) => hasGroundTruth === true)).toEqual([false, true]);
    }
  });

  it('leave rows alone that they cannot change', async () => {
    const { server, folder } = await workspaceWithData();
    const path = join(folder, 'text.jsonl');
    await server.call(protocol.openDataset, { uri: path, path, version: 1, text: '{"text":"raw words"}\nbroken' });
    const result = await server.call(protocol.rewriteDatasetRows, {
      uri: path,
      version: 1,
      range: linesOf(0, 2),
      action: 'self-output',
      model,
    });
    expect(result).toMatchObject({
      edits: [],
      skipped: [{ number: 1, reason: phrase('raw text has no prompt to answer') }],
    });
  });
});

async function maskedRows(server: MemoryServer, path: string, text: string): Promise<protocol.DatasetRows> {
  await server.call(protocol.openDataset, { uri: path, path, version: 1, text });
  return vi.waitFor(async () => {
    const answer = await server.call(protocol.scoreDatasetRows, { uri: path, version: 1, from: 0, to: 19, model });
    expect(answer.rows.every(({ state }) => state === 'scored')).toBe(true);
    return answer;
  });
}

describe('the list of datasets', () => {
  it('has the files with rows, counts them, and follows changes', async () => {
    const { server, folder, path } = await workspaceWithData();
    await mkdir(join(folder, 'runs/x'), { recursive: true });
    await mkdir(join(folder, 'node_modules/y'), { recursive: true });
    const rows = '{"question":"a","answer":"b","provenance":"rephrase"}\n{"question":"c"}\n';
    for (const name of ['runs/x/a.jsonl', 'node_modules/y/b.jsonl', 'qa.jsonl'])
      await writeFile(join(folder, name), rows);
    await writeFile(join(folder, 'package.json'), '{"name":"x"}');
    await writeFile(join(folder, 'metrics.jsonl'), '{"kind":"metric"}\n');
    await writeFile(join(folder, 'array.json'), '[{"text":"a"},{"text":"b"}]');
    await writeFile(join(folder, 'empty.jsonl'), '');
    const counted = await vi.waitFor(async () => {
      const files = await server.call(protocol.listDatasets, { model: 'pocket' });
      expect(files.every((file) => file.rows !== undefined)).toBe(true);
      expect(files).toHaveLength(3);
      return files;
    });
    expect(
      counted.map(({ name, rows: count, badRows, format, provenance }) => [name, count, badRows, format, provenance]),
    ).toEqual([
      ['array.json', 2, 0, 'text', { ground_truth: 2 }],
      ['data/subtraction.jsonl', 30, 0, 'prompt-completion', { ground_truth: 30 }],
      ['qa.jsonl', 1, 1, 'question-answer', { rephrase: 1 }],
    ]);
    // Somebody looks at a whole file: then its perplexity is known.
    await server.call(protocol.openDataset, { uri: path, path, version: 1 });
    await server.call(protocol.scoreDataset, { uri: path, version: 1, model });
    const { scores } = await server.next(protocol.datasetSummarised, (summary) => summary.scores?.done === true);
    const listed = await vi.waitFor(async () => {
      const files = await server.call(protocol.listDatasets, { model: 'pocket' });
      expect(files[1]?.perplexity).toBeDefined();
      return files;
    });
    expect(listed[1]?.perplexity?.mean).toBe(scores?.perplexityMean);
    await rm(join(folder, 'qa.jsonl'));
    const told = server.next(protocol.datasetsChanged);
    server.notify(protocol.datasetFilesChanged, { paths: [join(folder, 'qa.jsonl')] });
    await told;
    await vi.waitFor(async () => expect(await server.call(protocol.listDatasets, {})).toHaveLength(2));
  });

  it('lists files in linked folders by the path of the link, each once', async () => {
    const folder = await temporaryFolder('lab-links-');
    const scratch = await temporaryFolder('lab-scratch-');
    await writeFile(join(scratch, 'qa.jsonl'), '{"question":"a","answer":"b"}\n');
    await symlink(scratch, join(folder, 'data'));
    await symlink(scratch, join(folder, 'same'));
    await symlink(folder, join(scratch, 'circle'));
    const server = await memoryServer(datasetsPart, folder);
    await vi.waitFor(async () => {
      const files = await server.call(protocol.listDatasets, {});
      expect(files.map(({ name }) => name)).toEqual(['data/qa.jsonl']);
    });
  });
});
