// The doctor's checks as lines, in the layout of the command line.
import type { DoctorCheck } from '../../shared/protocol/lab/doctor.ts';

const marks = { ok: 'ok     ', warning: 'note   ', problem: 'problem' };

export function doctorText(checks: readonly DoctorCheck[], end: string): string {
  const lines = checks.map(({ state, name, detail }) => `${marks[state]}  ${name.padEnd(14)} ${detail}`);
  return [...lines, '', end, ''].join('\n');
}
