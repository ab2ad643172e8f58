// How large an experiment is, in words.
import type { Translate } from './translate.ts';

/** Arms and stages, each as it is said of one or of several; nothing where no run of an experiment without a file tells. */
export function experimentSize({ arms, stages }: { arms: number; stages: number }, t: Translate): string[] {
  if (arms === 0) return [];
  return [arms === 1 ? t('1 arm') : t('{0} arms', arms), stages === 1 ? t('1 stage') : t('{0} stages', stages)];
}
