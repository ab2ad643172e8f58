import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { outline } from './outline.ts';

it('names every file that an experiment reads, each once', () => {
  const text = [
    'model: model',
    'neutralText: ../plain.txt',
    'stages:',
    '  - { name: first, dataset: train.jsonl }',
    '  - { name: second, dataset: "" }',
    'arms:',
    '  - { name: replay, mix: { kind: replay, dataset: old.jsonl } }',
    'benchmarks:',
    '  - { name: skill, data: train.jsonl }',
    '  - { name: other, data: other.jsonl }',
  ].join('\n');
  const { files } = outline(resolve('/w/lab/x.experiment.yaml'), text);
  const named = ['/w/lab/train.jsonl', '/w/lab/old.jsonl', '/w/lab/other.jsonl', '/w/plain.txt'];
  expect(files.sort()).toEqual(named.map((path) => resolve(path)).sort());
});

it('names none in a text that is being typed', () => {
  expect(outline('/w/x.experiment.yaml', 'stages: [').files).toEqual([]);
});
