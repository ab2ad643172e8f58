// The names in an experiment file and the files it names, as far as it can be read.
import { dirname } from 'node:path';
import { parseExperimentText } from '../../runs/experimentSource.ts';
import { isObject, namedFiles } from '../../runs/experimentProblems.ts';
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
    files: dataFiles(value, dirname(path)),
  };
}

/** Each once; a name that is still empty names nothing. */
function dataFiles(value: unknown, folder: string): string[] {
  const named = namedFiles(value, folder).filter(({ kind, written }) => kind === 'data' && written !== '');
  return [...new Set(named.map(({ target }) => target))];
}
