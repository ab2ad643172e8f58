import { describe, expect, it } from 'vitest';
import { DocumentText, splitText } from './documentText.ts';
import { RowTable } from './rowTable.ts';

/** Numbers of the rows that the text between two marks `|` touches; one mark is a place. */
async function touched(marked: string): Promise<number[]> {
  const [before = '', between = '', behind] = marked.split('|');
  const place = (text: string): { line: number; character: number } => {
    const lines = splitText(text);
    return { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
  };
  const table = new RowTable(new DocumentText(splitText(marked.replaceAll('|', ''))), 'a.json');
  await table.rebuild(() => true);
  const [start, end] = [place(before), place(behind === undefined ? before : before + between)];
  return table.touching({ start, end }).map((index) => table.place(index).number);
}

describe('rows that a selection touches', () => {
  it.each([
    // Elements that share a line.
    ['[{"text":"a|"},{"text":"b"}]', [1]],
    ['[{"text":"a"},{"text":"|b"}]', [2]],
    ['[{"text":"a"}, | {"text":"b"}]', []],
    ['[{"text":"|a"},{"text":"b|"}]', [1, 2]],
    ['[{\n"text":"a"\n}|, {\n"text":"b"\n}]', [1]],
    ['[{\n"text":"a"\n}, |{\n"text":"b"\n}]', [2]],
    // Elements with lines of their own.
    ['[\n  {"text":"a"},|\n  {"text":"b"}\n]', [1]],
    ['[\n  {"text":"a"},\n | {"text":"b"}\n]', [2]],
    ['[\n|  {"text":"a"},\n|  {"text":"b"}\n]', [1]],
    // JSON Lines: a selection of whole lines ends at the beginning of the next one.
    ['|{"text":"a"}\n|{"text":"b"}\n', [1]],
    ['{"text":"a"}\n|{"text":"b"}\n', [2]],
    ['{"text":"a"|}\n{|"text":"b"}\n', [1, 2]],
    ['{"text":"a"}|\n{"text":"b"}|\n', [2]],
  ])('%j', async (marked, numbers) => {
    expect(await touched(marked)).toEqual(numbers);
  });
});
