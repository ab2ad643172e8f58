import { expect, it } from 'vitest';
import { english } from '../translate.ts';
import { subjectOf, titleOf } from './subject.ts';

it.each([
  ['nothing', undefined, undefined],
  ['an empty object', {}, undefined],
  ['a path', '/a/b.jsonl', { dataset: '/a/b.jsonl' }],
  ['an address', { fsPath: '/a/b.jsonl', path: '/a/b.jsonl' }, { dataset: '/a/b.jsonl' }],
  ['a dataset row', { kind: 'dataset', path: '/a/b.jsonl', dataset: { path: '/x' } }, { dataset: '/a/b.jsonl' }],
  ['a run row', { kind: 'run', path: '/runs/r' }, { run: '/runs/r' }],
  ['a trial row', { kind: 'trial', path: '/runs/r', trial: 1 }, { run: '/runs/r' }],
  ['a pair', { dataset: '/a.jsonl', other: '/b.jsonl' }, { dataset: '/a.jsonl', other: '/b.jsonl' }],
  ['a stage of a run', { run: '/r', dataset: '/a.jsonl', stage: 2 }, { run: '/r', dataset: '/a.jsonl', stage: 2 }],
])('%s', (_, argument, subject) => {
  expect(subjectOf(argument)).toEqual(subject);
});

it('names the tab by the last parts of the paths', () => {
  expect(titleOf({ dataset: '/a/b/train.jsonl', other: 'C:\\x\\own.jsonl' }, english)).toBe(
    'Targets: train.jsonl | own.jsonl',
  );
  expect(titleOf({ dataset: '/a/train.jsonl', run: '/runs/r', stage: 3 }, english)).toBe(
    'Targets: train.jsonl | r, stage 3',
  );
});
