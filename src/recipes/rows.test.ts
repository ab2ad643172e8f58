import { describe, expect, test } from 'vitest';
import { textSideOf } from '../data/testFolder.ts';
import type { Example } from '../shared/dataset.ts';
import { inEnglish } from '../shared/phrase.ts';
import { replayRow, rowFromJson, rowToJson, toSequences } from './rows.ts';
import type { TargetRow } from './rows.ts';
import { encodeScorable } from './scoreRows.ts';

const chat: Example = {
  body: { kind: 'chat', prompt: [{ role: 'user', content: 'hi' }], completion: 'yes' },
  provenance: 'self_output',
  source: { file: 'a.jsonl', line: 3 },
  fields: { answer: 7, ppl: 'a column of ours wins over' },
};

describe('training rows as JSON', () => {
  test('come back as they were', () => {
    const row: TargetRow = {
      example: { ...chat, fields: { answer: 7 } },
      logprobs: [-0.5, -1],
      masked: [1],
      mask: [[1, 3]],
    };
    const json = rowToJson({ ...row, example: chat });
    expect(json).toEqual({
      answer: 7,
      prompt: [{ role: 'user', content: 'hi' }],
      completion: [{ role: 'assistant', content: 'yes' }],
      provenance: 'self_output',
      source: { file: 'a.jsonl', line: 3 },
      ppl: 2.117,
      logprobs: [-0.5, -1],
      mask: [[1, 3]],
      masked: [1],
    });
    expect(rowFromJson(JSON.parse(JSON.stringify(json)))).toEqual(row);
  });

  test.each<[string, Example['body']]>([
    ['raw text', { kind: 'text', text: 'raw' }],
    ['plain', { kind: 'plain', prompt: 'p', completion: 'c' }],
  ])('%s rows come back', (_, body) => {
    const row = replayRow({ ...chat, body, fields: {} });
    expect(row.example.provenance).toBe('replay');
    expect(rowFromJson(rowToJson(row))).toEqual(row);
  });
});

describe('training sequences', () => {
  test('train on the answer and the end of turn, without the masked tokens', async () => {
    const side = await textSideOf();
    const part = encodeScorable(side, chat);
    if ('reason' in part) throw new Error(inEnglish(part.reason));
    // "yes" in bytes and the end of turn.
    const row: TargetRow = { example: chat, logprobs: [-1, -1, -1, -1], masked: [1], mask: [] };
    const [sequence] = toSequences([row], side);
    expect(sequence?.weights.slice(part.from)).toEqual([1, 0, 1, 1]);
    expect(sequence?.weights.slice(0, part.from).every((weight) => weight === 0)).toBe(true);
    expect(part.endIndex).toBe(3);
  });

  test('a row from another tokenizer is refused', async () => {
    const row: TargetRow = { example: chat, logprobs: [-1], masked: [], mask: [] };
    const side = await textSideOf();
    expect(() => toSequences([row], side)).toThrow(/a\.jsonl line 3.*another tokenizer/);
  });
});
