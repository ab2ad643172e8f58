// The outline of arrays against readRows, which the command line reads with.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRows } from '../../data/readRows.ts';
import { temporaryFolder } from '../../data/testFolder.ts';
import { DocumentText, splitText } from './documentText.ts';
import { RowTable } from './rowTable.ts';
import { problemsOf } from './problems.ts';
import { inEnglish } from '../../shared/phrase.ts';

const texts = [
  '[]',
  ' [ ] ',
  '[{"a":1}]',
  '[{"a":"x, ] } \\" y"},\n  {"a":[1,[2]]}\n]\n',
  '[{"a":1},,{"a":2}]',
  '[{"a":1},]',
  '[,]',
  '[{"a":1}',
  '[{"a":1}, {"a":',
  '[{"a":1},\n "unterminated',
  '[{"a":1}] trailing',
  '[1, "two", null, {"a":1} x]',
  '[\n\n{"a":1}\n,\n{"b":"漢😀"}\n]',
];

describe('rows of an array', () => {
  for (const text of texts) {
    it(`are those of the command line: ${JSON.stringify(text)}`, async () => {
      const path = join(await temporaryFolder(), 'a.json');
      await writeFile(path, text);
      const rows: unknown[] = [];
      const reasons: string[] = [];
      for await (const event of readRows(path)) {
        if (event.kind === 'row') rows.push(event.row);
        else reasons.push(inEnglish(event.dropped.reason).replace(/ \(line \d+\)$/, ''));
      }
      const table = new RowTable(new DocumentText(splitText(text)), path);
      await table.rebuild(() => true);
      const found: unknown[] = [];
      for (let index = 0; index < table.length; index++) {
        // Without a format of its own the row is bad for that reason; what counts here is where it lies.
        const info = table.info(index);
        const isUnknown = info.kind === 'bad' && inEnglish(info.reason).includes('no known format');
        if (isUnknown) found.push(JSON.parse(table.textOf(index)));
      }
      expect(found).toEqual(rows);
      const { problems } = problemsOf(table, path);
      const own = problems.map(({ message }) => inEnglish(message).replace(/ \(line \d+\)$/, ''));
      const said = own.filter((message) => !message.includes('no known format'));
      const short = (message: string): string => message.replace(/not valid JSON.*/, 'not valid JSON');
      expect(new Set(said.map(short))).toEqual(new Set(reasons.map(short)));
    });
  }
});
