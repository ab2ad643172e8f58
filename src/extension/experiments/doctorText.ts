// The doctor's checks as lines, in the layout of the command line.
import { say } from '../../shared/phrase.ts';
import type { DoctorCheck } from '../../shared/protocol/lab/doctor.ts';
import type { Translate } from '../translate.ts';

export function doctorText(checks: readonly DoctorCheck[], end: string, t: Translate): string {
  const marks = { ok: t('ok'), warning: t('note'), problem: t('problem') };
  const lines = checks.map(
    ({ state, name, detail }) => `${padded(marks[state], 7)}  ${padded(say(name, t), 14)} ${say(detail, t)}`,
  );
  return [...lines, '', end, ''].join('\n');
}

/** Filled up to a width, at which a character of full width counts twice. */
function padded(text: string, width: number): string {
  const wide = [...text].filter((character) => /\p{Script=Han}/u.test(character)).length;
  return text + ' '.repeat(Math.max(0, width - text.length - wide));
}
