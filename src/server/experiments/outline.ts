// The names in an experiment file, as far as it can be read.
import { parseExperimentText } from '../../runs/experimentSource.ts';
import { isObject } from '../../runs/experimentProblems.ts';
import type { ExperimentOutline } from '../../shared/protocol/lab/experiments.ts';
import { namesOf } from './complete.ts';

export function outline(path: string, text: string): ExperimentOutline {
  const { value } = parseExperimentText(path, text);
  const name = isObject(value) && typeof value['name'] === 'string' ? { name: value['name'] } : {};
  return {
    ...name,
    stages: namesOf(value, 'stages'),
    arms: namesOf(value, 'arms'),
    benchmarks: namesOf(value, 'benchmarks'),
  };
}
