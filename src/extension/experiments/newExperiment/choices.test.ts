import { describe, expect, test } from 'vitest';
import type {
  BenchmarkCandidate,
  ExperimentMaterial,
  TaskCandidate,
} from '../../../shared/protocol/lab/experiments.ts';
import {
  benchmarksWithoutScorer,
  nextGroup,
  noAnswers,
  suggestedName,
  tasksWithoutVerifier,
  toChoices,
  uniqueNames,
  usualBenchmarks,
} from './choices.ts';

const task = (name: string, more: Partial<TaskCandidate> = {}): TaskCandidate => ({
  file: `/w/data/${name}.jsonl`,
  name,
  format: 'prompt-completion',
  rows: 100,
  rowsEstimated: false,
  columns: ['prompt', 'completion'],
  rawText: false,
  ...more,
});

const benchmark = (name: string, more: Partial<BenchmarkCandidate> = {}): BenchmarkCandidate => ({
  file: `/w/benchmarks/${name}.jsonl`,
  name,
  items: 10,
  itemsEstimated: false,
  group: 'skill',
  scorer: 'exact',
  ...more,
});

const preset = (id: string) => ({
  id,
  title: id,
  description: '',
  needsVerifier: id === 'self-output',
  needsReplay: id === 'replay',
});

const material: ExperimentMaterial = {
  folder: '/w',
  tasks: [task('new calls'), task('text', { rawText: true })],
  benchmarks: [benchmark('newCalls', { group: 'target' }), benchmark('other', { group: 'target' }), benchmark('old')],
  presets: ['sft', 'self-output', 'replay'].map(preset),
  scorers: [],
  recipes: [],
  neutralText: '/w/neutral.jsonl',
  names: {},
  incomplete: false,
};

describe('choices', () => {
  test('begin with ground truth and self-output', () => {
    expect(noAnswers(material).presets.map(({ id }) => id)).toEqual(['sft', 'self-output']);
  });

  test('a benchmark that is called like a task measures it, those of other tasks are not suggested', () => {
    const answers = { ...noAnswers(material), tasks: material.tasks.slice(0, 1) };
    const benchmarks = usualBenchmarks(material, answers.tasks);
    expect(benchmarks.map(({ name }) => name)).toEqual(['newCalls', 'old']);
    const choices = toChoices({ ...answers, benchmarks }, 'x', material);
    expect(choices.tasks[0]).toMatchObject({ name: 'new calls', benchmark: 'newCalls' });
    expect(choices).toMatchObject({
      name: 'x',
      model: 'pocket',
      arms: ['sft', 'self-output'],
      neutralText: '/w/neutral.jsonl',
    });
    expect(choices).not.toHaveProperty('replay');
  });

  test('the only target is that of the only task', () => {
    const answers = {
      ...noAnswers(material),
      tasks: [task('something')],
      benchmarks: [benchmark('a', { group: 'target' })],
    };
    expect(toChoices(answers, 'x', material).tasks[0]?.benchmark).toBe('a');
    const two = { ...answers, benchmarks: [...answers.benchmarks, benchmark('b', { group: 'target' })] };
    expect(toChoices(two, 'x', material).tasks[0]?.benchmark).toBeUndefined();
  });

  test('what nobody knows is asked only where it is needed', () => {
    const answers = { ...noAnswers(material), tasks: material.tasks, benchmarks: [benchmark('a'), benchmark('b')] };
    expect(tasksWithoutVerifier(answers).map(({ name }) => name)).toEqual(['new calls']);
    expect(tasksWithoutVerifier({ ...answers, presets: [preset('sft')] })).toEqual([]);
    const [known, unknown] = answers.benchmarks;
    if (!known || !unknown) throw new Error('two benchmarks');
    delete unknown.scorer;
    expect(benchmarksWithoutScorer(answers)).toEqual([unknown]);
    answers.scorers.set(unknown.file, 'contains');
    answers.verifiers.set('/w/data/new calls.jsonl', { scorer: 'call', field: 'answer' });
    const choices = toChoices(answers, 'x', material);
    expect(choices.benchmarks.map(({ scorer }) => scorer)).toEqual(['exact', 'contains']);
    expect(choices.tasks[0]?.verifier).toEqual({ scorer: 'call', field: 'answer' });
  });

  test('names do not clash', () => {
    expect(uniqueNames(['a', 'b', 'a', 'a'])).toEqual(['a', 'b', 'a 2', 'a 3']);
    expect(suggestedName({ ...noAnswers(material), tasks: material.tasks }, material)).toBe('new-calls-then-text');
    expect(suggestedName(noAnswers(material), material)).toBe('experiment');
    const names = { experiment: '/w/a.experiment.yaml', 'experiment-2': '/w/b.experiment.yaml' };
    expect(suggestedName(noAnswers(material), { names })).toBe('experiment-3');
    expect([nextGroup('skill'), nextGroup('format')]).toEqual(['target', 'skill']);
  });
});
