// `doctor`: is everything there that a run needs?
import type { Command } from 'commander';
import { doctorChecks, doctorSentence } from '../../lab/doctor.ts';
import { inEnglish } from '../../shared/phrase.ts';
import type { DoctorCheck } from '../../shared/protocol/lab/doctor.ts';
import { createCommand, onAction } from '../command.ts';
import type { Exit } from '../command.ts';

const marks = { ok: 'ok     ', warning: 'note   ', problem: 'problem' };

export function doctorCommand(exit: Exit): Command {
  const command = createCommand('doctor', 'Checks Node, the runtime, devices, the bundled model, disk and memory', [
    'doctor',
    'doctor --json',
  ]);
  return onAction<[], object>(command, exit, async (_, _options, output) => {
    const checks: DoctorCheck[] = [];
    for await (const check of doctorChecks(process.cwd())) {
      checks.push(check);
      const [name, detail] = [inEnglish(check.name), inEnglish(check.detail)];
      await output.value({ ...check, name, detail });
      await output.text(`${marks[check.state]}  ${name.padEnd(14)} ${detail}`);
    }
    await output.text(doctorSentence(checks));
    return checks.some(({ state }) => state === 'problem') ? 1 : 0;
  });
}
