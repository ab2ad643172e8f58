// The editor's side against the server's: whatever happens, both have the same text.
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../data/testFolder.ts';
import { DatasetDocument } from '../../server/datasets/datasetDocument.ts';
import type { DatasetChanges } from '../../shared/protocol/lab/datasets.ts';
import type { TextRange } from '../../shared/protocol/lab/experiments.ts';
import { SyncedDocument, type SyncedText, type SyncLab } from './documentSync.ts';

const row = (index: number): string => `{"question":"q ${index} ${'x'.repeat(200)}","answer":"a"}`;

/** A text as an editor holds it, with edits of whole lines. */
class EditorText implements SyncedText {
  readonly uri = 'file:///x';
  version = 1;
  isDirty = false;
  content: string[];

  constructor(
    readonly path: string,
    text: string,
  ) {
    this.content = text.split('\n');
  }

  get lineCount(): number {
    return this.content.length;
  }

  line = (index: number): string => this.content[index] as string;
  lines = (from: number, to: number): string => this.content.slice(from, to).join('\n');

  insert(line: number, text: string): DatasetChanges {
    this.content.splice(line, 0, text);
    this.isDirty = true;
    const at = { line, character: 0 };
    const { uri, lineCount } = this;
    return { uri, version: ++this.version, lineCount, changes: [{ range: { start: at, end: at }, text: `${text}\n` }] };
  }

  /** Replaces a part of one line. */
  replace(range: TextRange, text: string): DatasetChanges {
    const { start, end } = range;
    const line = this.line(start.line);
    this.content[start.line] = line.slice(0, start.character) + text + line.slice(end.character);
    this.isDirty = true;
    const { uri, lineCount } = this;
    return { uri, version: ++this.version, lineCount, changes: [{ range, text }] };
  }
}

/** The server's end, with what it was told. */
function serverEnd() {
  const state = {
    document: undefined as DatasetDocument | undefined,
    opened: [] as string[],
    lost: 0,
    /** Told whether the rows that were read are a dataset. */
    onRead: undefined as ((isDataset: boolean) => void) | undefined,
    news: [] as boolean[],
  };
  const lab: SyncLab = {
    open: async (params) => {
      state.opened.push(params.text === undefined ? 'path' : 'text');
      const onRead = (document: DatasetDocument): void => state.onRead?.(document.table.isDataset);
      const listener = { onChange: () => undefined, onRead, onLost: () => state.lost++ };
      state.document = new DatasetDocument(params, listener);
      return state.document.open(params);
    },
    change: (params) => state.document?.change(params),
    close: () => state.document?.close(),
    isDataset: async () => {
      await state.document?.ready();
      return state.document?.table.isDataset === true;
    },
  };
  return { state, lab };
}

async function onDisk(rows: number): Promise<EditorText> {
  const path = join(await temporaryFolder(), 'a.jsonl');
  const text = Array.from({ length: rows }, (_, index) => row(index)).join('\n');
  await writeFile(path, text);
  return new EditorText(path, text);
}

describe('a document in step with the lab server', () => {
  it('is read from disk when it is clean, and follows edits', async () => {
    const text = await onDisk(50);
    const { state, lab } = serverEnd();
    const synced = new SyncedDocument(text, lab);
    const opening = synced.ready();
    // Typed while the server reads.
    synced.changed(text.insert(3, row(100)));
    expect(await opening).toBe(true);
    synced.changed(text.insert(0, 'not json'));
    expect(state.document?.text.lines).toEqual(text.content);
    expect(state.opened).toEqual(['path']);
    expect(state.lost).toBe(0);
  });

  it('is sent when the file holds something else', async () => {
    const text = await onDisk(50);
    await appendFile(text.path, `\n${row(1)}`);
    const { state, lab } = serverEnd();
    expect(await new SyncedDocument(text, lab).ready()).toBe(true);
    expect(state.opened).toEqual(['path', 'text']);
    expect(state.document?.text.lines).toEqual(text.content);
  });

  it('is sent in pieces when it is large, again when it is edited meanwhile', async () => {
    const text = await onDisk(10_000);
    text.isDirty = true;
    const { state, lab } = serverEnd();
    const synced = new SyncedDocument(text, lab);
    const opening = synced.ready();
    setTimeout(() => synced.changed(text.insert(5, row(7))), 1);
    expect(await opening).toBe(true);
    expect(state.document?.text.lines).toEqual(text.content);
    synced.changed(text.insert(9000, row(8)));
    expect(state.document?.text.lines).toEqual(text.content);
    expect(state.opened).toEqual(['text', 'text']);
    expect(state.lost).toBe(0);
  });

  it('is sent anew when step was lost', async () => {
    const text = await onDisk(20);
    const { state, lab } = serverEnd();
    const synced = new SyncedDocument(text, lab);
    await synced.ready();
    // A change that never arrived.
    text.insert(2, row(3));
    synced.changed(text.insert(2, row(4)));
    expect(state.lost).toBe(1);
    synced.lost();
    expect(await synced.ready()).toBe(true);
    expect(state.document?.text.lines).toEqual(text.content);
  });

  it('becomes a dataset and ceases to be one as it is edited', async () => {
    const text = await onDisk(1);
    const { state, lab } = serverEnd();
    const synced = new SyncedDocument(text, lab);
    state.onRead = (isDataset) => state.news.push(synced.learned(isDataset));
    text.content = ['{"prompt":"a","response":"b"}'];
    text.isDirty = true;
    expect(await synced.ready()).toBe(false);
    await vi.waitFor(() => expect(state.news).toEqual([false]));
    const column = { start: { line: 0, character: 15 }, end: { line: 0, character: 23 } };
    synced.changed(text.replace(column, 'completion'));
    await vi.waitFor(() => expect(state.news).toEqual([false, true]));
    expect(await synced.ready()).toBe(true);
    synced.changed(text.replace({ ...column, end: { line: 0, character: 25 } }, 'response'));
    await vi.waitFor(() => expect(state.news).toEqual([false, true, true]));
    expect(await synced.ready()).toBe(false);
    // Followed all the while, never sent again.
    expect(state.opened).toEqual(['text']);
  });

  it('is opened again by a new server, with the text of that time', async () => {
    const text = await onDisk(20);
    const { state, lab } = serverEnd();
    const synced = new SyncedDocument(text, lab);
    await synced.ready();
    synced.changed(text.insert(2, row(3)));
    synced.forget();
    expect(await synced.ready()).toBe(true);
    expect(state.opened).toEqual(['path', 'text']);
    expect(state.document?.text.lines).toEqual(text.content);
  });
});
