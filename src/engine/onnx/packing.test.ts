import { describe, expect, it } from 'vitest';
import { chooseRowLength, packSequences, rowLength } from './packing.ts';

const sequence = (length: number, first: number) => Array.from({ length }, (_, index) => first + index);

describe('packSequences', () => {
  const sequences = [sequence(20, 100), sequence(100, 200), sequence(30, 400)];
  const batch = packSequences(sequences, (index, position) => index !== 1 || position > 97);

  it('puts sequences into as few rows as they fit', () => {
    expect(batch).toMatchObject({ length: 128, rows: 2 });
    expect(batch.tokens).toHaveLength(256);
  });

  it('numbers segments from 1, restarts positions, and leaves padding as segment 0', () => {
    const segments = [...batch.segments].map(Number);
    expect(segments.filter((segment) => segment === 2)).toHaveLength(100);
    expect(segments.filter((segment) => segment === 0)).toHaveLength(256 - 150);
    sequences.forEach((tokens, index) => {
      const start = segments.indexOf(index + 1);
      const at = (array: BigInt64Array) => [...array.slice(start, start + tokens.length)].map(Number);
      expect(at(batch.tokens)).toEqual(tokens);
      expect(at(batch.positions)).toEqual(tokens.map((_, position) => position));
      expect(new Set(segments.slice(start, start + tokens.length))).toEqual(new Set([index + 1]));
    });
  });

  it('predicts each chosen token from the position before it', () => {
    expect(batch.predictions).toHaveLength(19 + 2 + 29);
    batch.predictions.forEach(({ sequence: index, position }, row) => {
      expect(Number(batch.targets[row])).toBe(sequences[index]![position]);
      expect(Number(batch.tokens[Number(batch.selected[row])])).toBe(sequences[index]![position - 1]);
    });
  });
});

describe('row lengths', () => {
  it('hold the longest sequence, and no more than all together need', () => {
    expect(rowLength(33)).toBe(64);
    expect(rowLength(40000)).toBe(40960);
    expect(chooseRowLength([10, 12])).toBe(32);
    expect(chooseRowLength(Array<number>(100).fill(10))).toBe(128);
    expect(chooseRowLength([10, 300])).toBe(384);
  });
});
