// Doctor: the checks of the command line, each shown as soon as it is known.
import * as vscode from 'vscode';
import { doctorCheck, runDoctor } from '../../shared/protocol/lab/doctor.ts';
import type { DoctorCheck } from '../../shared/protocol/lab/doctor.ts';
import { describeFailure } from '../failure.ts';
import type { Workbench } from '../workbench.ts';
import { doctorText } from './doctorText.ts';
import type { ReadonlyTexts } from './readonlyText.ts';

export async function doctor({ lab }: Workbench, texts: ReadonlyTexts): Promise<DoctorCheck[]> {
  const known: DoctorCheck[] = [];
  const title = vscode.l10n.t('Forgetting Lab Doctor');
  const waiting = vscode.l10n.t('Checking, devices take a few seconds ...');
  const location = vscode.ProgressLocation.Window;
  return vscode.window.withProgress({ location, title }, async (_, token) => {
    const replace = await texts.show(title, waiting);
    const listening = lab.on(doctorCheck, (check) => {
      known.push(check);
      replace(doctorText(known, waiting, vscode.l10n.t));
    });
    try {
      const checks = await lab.request(runDoctor, {}, token);
      const isGood = checks.every(({ state }) => state !== 'problem');
      const problems = checks.filter(({ state }) => state === 'problem').length;
      const end = isGood
        ? vscode.l10n.t('Everything a run needs is there.')
        : vscode.l10n.t('{0} to mend before a run.', problems);
      replace(doctorText(checks, end, vscode.l10n.t));
      return checks;
    } catch (error) {
      // What was found until then stays to be read; nothing is waited for any more.
      replace(
        doctorText(known, describeFailure(error, vscode.l10n.t)?.text ?? vscode.l10n.t('cancelled'), vscode.l10n.t),
      );
      throw error;
    } finally {
      listening.dispose();
    }
  });
}
