import { describe, expect, it } from 'vitest';
import { english } from '../translate.ts';
import { datasetRow } from './resourceRows.ts';

const dataset = { path: '/w/data/bad.jsonl', name: 'data/bad.jsonl', bytes: 100 };

describe('a dataset in its tree', () => {
  it('tells how many rows it has', () => {
    expect(datasetRow({ ...dataset, rows: 1 }, english).description).toBe('1 row');
    expect(datasetRow({ ...dataset, rows: 1500 }, english)).toMatchObject({
      description: '1,500 rows',
      accessible: 'Dataset data/bad.jsonl, 1,500 rows',
    });
  });

  it('has a name without a comma at its end while nothing is known', () => {
    expect(datasetRow(dataset, english)).toMatchObject({ description: '', accessible: 'Dataset data/bad.jsonl' });
  });
});
