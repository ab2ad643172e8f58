// What the target diff is to show, from whatever its command was called with. Knows no editor.
import { pathOf } from '../pathOf.ts';
import type { Translate } from '../translate.ts';

/** Absolute paths. Either a dataset or a run is there. */
export interface TargetDiffSubject {
  dataset?: string;
  other?: string;
  run?: string;
  /** 1-based stage of the run. */
  stage?: number;
}

/** Rows of the experiments view whose path is a run's folder. */
const runRows = new Set<unknown>(['run', 'trial']);

/** Undefined when the argument names nothing and somebody must be asked. */
export function subjectOf(argument: unknown): TargetDiffSubject | undefined {
  const given = (typeof argument === 'object' && argument !== null ? argument : {}) as Record<string, unknown>;
  const text = (key: string): string | undefined => {
    const value = given[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [dataset, other, run, stage] = [text('dataset'), text('other'), text('run'), given['stage']];
  if (dataset !== undefined || run !== undefined) {
    return {
      ...(dataset === undefined ? {} : { dataset }),
      ...(other === undefined ? {} : { other }),
      ...(run === undefined ? {} : { run }),
      ...(typeof stage === 'number' ? { stage } : {}),
    };
  }
  const path = pathOf(argument);
  if (path === undefined) return undefined;
  return runRows.has(given['kind']) ? { run: path } : { dataset: path };
}

/** What the tab says: the last parts of what is compared, and the stage, as one dataset may be in several. */
export function titleOf({ dataset, other, run, stage }: TargetDiffSubject, t: Translate): string {
  const last = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;
  const names = [dataset, other, run]
    .filter((path) => path !== undefined)
    .map(last)
    .join(' | ');
  return stage === undefined ? t('Targets: {0}', names) : t('Targets: {0}, stage {1}', names, stage);
}
