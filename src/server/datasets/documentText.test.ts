// Edits against a plain string, and rows that follow edits against rows that are read anew.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../data/testFolder.ts';
import { createRandom } from '../../shared/random.ts';
import { DocumentText, readLines, splitText } from './documentText.ts';
import { readAll, RowTable, type RowPlace } from './rowTable.ts';

type Random = () => number;
const pick = (random: Random, below: number): number => Math.floor(random() * below);

const pieces = [
  '\n',
  '{"question":"a","answer":"b"}',
  '{"question":"a 漢😀","answer":"b\\n"}\n{"question":"c","answer":""}\n',
  'not json',
  '   ',
  '[',
  '{"text":"t"}',
  '\r\n',
  '',
];

function randomEdit(random: Random, text: string): { start: number; end: number; put: string } {
  const start = pick(random, text.length + 1);
  const end = Math.min(text.length, start + (random() < 0.5 ? 0 : pick(random, 60)));
  return { start, end, put: pieces[pick(random, pieces.length)] as string };
}

function positionAt(text: string, offset: number): { line: number; character: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length - 1, character: (before.at(-1) as string).length };
}

const rowsOf = (table: RowTable): unknown[] =>
  Array.from({ length: table.length }, (_, index): [RowPlace, unknown] => [table.place(index), table.info(index)]);

describe('the text of a document', () => {
  it('follows edits as a string does, and its rows follow too', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = createRandom(seed);
      let text = '{"question":"a","answer":"b"}\n\n{"question":"c","answer":"d"}\n';
      const document = new DocumentText(splitText(text));
      const table = new RowTable(document, 'x.jsonl');
      await table.rebuild(() => true);
      for (let step = 0; step < 30; step++) {
        if (random() < 0.5) await readAll(table, () => true);
        const edits = Array.from({ length: 1 + pick(random, 2) }, () => randomEdit(random, text));
        const splices = [];
        for (const { start, end, put } of edits) {
          if (end > text.length) continue;
          const range = { start: positionAt(text, start), end: positionAt(text, end) };
          splices.push(document.apply(range, put));
          text = text.slice(0, start) + put.replace(/\r\n/g, '\n') + text.slice(end);
        }
        expect(document.lines.join('\n')).toBe(text);
        if (!table.follow(splices)) await table.rebuild(() => true);
        const fresh = new RowTable(new DocumentText(splitText(text)), 'x.jsonl');
        await fresh.rebuild(() => true);
        expect([table.kind, table.format, rowsOf(table)]).toEqual([fresh.kind, fresh.format, rowsOf(fresh)]);
      }
    }
  });

  it('reads files with every line ending, a byte order mark and characters across pieces', async () => {
    const path = join(await temporaryFolder(), 'a.jsonl');
    const lines = Array.from({ length: 60_000 }, (_, index) => `${index} 漢字 😀${'x'.repeat(index % 7)}`);
    for (const ending of ['\n', '\r\n', '\r']) {
      await writeFile(path, `\ufeff${lines.join(ending)}${ending}`);
      const { lines: read, damaged } = await readLines(path);
      expect([read.length, damaged.size]).toEqual([60_001, 0]);
      expect(read.every((line, index) => line === (lines[index] ?? ''))).toBe(true);
    }
  });

  it('tells which lines of a file are not UTF-8, and which only hold the sign for that', async () => {
    const path = join(await temporaryFolder(), 'a.jsonl');
    const line = Buffer.from('caf\u00e9', 'latin1');
    const pad = Buffer.from(`${'x'.repeat(100)}\r\n`.repeat(9000));
    await writeFile(path, Buffer.concat([line, Buffer.from('\n\ufffd\r\n'), pad, line, Buffer.from('\rok\n'), line]));
    const { lines, damaged } = await readLines(path);
    expect([...damaged]).toEqual([0, 9002, 9004]);
    expect([lines[0], lines[1], lines[9003], lines.length]).toEqual(['caf\ufffd', '\ufffd', 'ok', 9005]);
  });

  it('gives the text between two positions', () => {
    const document = new DocumentText(['abc', 'def', 'ghi']);
    expect(document.slice({ line: 0, character: 1 }, { line: 2, character: 1 })).toBe('bc\ndef\ng');
    expect(document.slice({ line: 1, character: 1 }, { line: 1, character: 2 })).toBe('e');
  });
});
