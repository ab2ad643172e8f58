// The command that puts targets beside each other, and the writing of what was chosen there.
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { Provenance } from '../../shared/dataset.ts';
import { say } from '../../shared/phrase.ts';
import { listDatasets } from '../../shared/protocol/lab/datasets.ts';
import { writeChosenTargets } from '../../shared/protocol/lab/targetDiff.ts';
import type { WrittenTargets } from '../../shared/protocol/lab/targetDiff.ts';
import { formatCount } from '../../shared/words.ts';
import { activeFile } from '../activeFile.ts';
import { provenanceName } from '../datasets/rowText.ts';
import { inLabel, inMessage } from '../outsideText.ts';
import { saveInputs } from '../saveInputs.ts';
import type { Feature, Workbench } from '../workbench.ts';
import { subjectOf, titleOf } from './subject.ts';
import type { TargetDiffSubject } from './subject.ts';

export const targetDiffFeature: Feature = (workbench) => {
  const { command } = workbench;
  command('forgettingLab.showTargetDiff', (argument) => show(workbench, argument));
  command('forgettingLab.internal.writeTargets', (argument) => write(workbench, argument), { needsTrust: true });
};

async function show(workbench: Workbench, argument: unknown): Promise<void> {
  const subject = subjectOf(argument) ?? activeDataset() ?? (await pickDataset(workbench));
  if (!subject) return;
  await saveInputs(
    workbench,
    [subject.dataset, subject.other].filter((file) => file !== undefined),
  );
  const model = workbench.annotationModel.scoring();
  workbench.panels.show('targetDiff', { title: titleOf(subject, vscode.l10n.t), ...subject, model });
}

function activeDataset(): TargetDiffSubject | undefined {
  const file = activeFile();
  return file?.endsWith('.jsonl') ? { dataset: file } : undefined;
}

async function pickDataset({ lab }: Workbench): Promise<TargetDiffSubject | undefined> {
  const items = lab.request(listDatasets, {}).then((found) =>
    found
      .filter(({ problem }) => problem === undefined)
      .map(({ path, name, rows }) => ({
        label: inLabel(name),
        ...(rows === undefined ? {} : { description: vscode.l10n.t('{0} rows', formatCount(rows)) }),
        path,
      })),
  );
  const title = vscode.l10n.t('Compare the targets of a dataset');
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
  return chosen && { dataset: chosen.path };
}

/** Asks for a name and writes what the panel has chosen. */
async function write({ lab }: Workbench, argument: unknown): Promise<void> {
  const { id, dataset } = (argument ?? {}) as { id?: unknown; dataset?: unknown };
  if (typeof id !== 'string' || typeof dataset !== 'string') return;
  const name = `${basename(dataset).replace(/\.jsonl?$/, '')}.chosen.jsonl`;
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(join(dirname(dataset), name)),
    filters: { 'JSON Lines': ['jsonl'] },
    title: vscode.l10n.t('Write the chosen targets'),
  });
  if (!target) return;
  // The dialog has asked whether a file that is there may be replaced.
  const params = { id, file: target.fsPath, overwrite: true };
  const progress = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Writing targets') };
  const written = await vscode.window.withProgress(progress, () => lab.request(writeChosenTargets, params));
  void tell(written);
}

async function tell({ file, rows, provenance, dropped }: WrittenTargets): Promise<void> {
  const { t } = vscode.l10n;
  const known = Object.entries(provenance) as [Provenance, number][];
  const sources = known.map(([source, count]) => `${formatCount(count)} ${provenanceName(source, t)}`);
  const reasons = dropped.map(({ reason, count }) => `${formatCount(count)}: ${say(reason, vscode.l10n.t)}`);
  const parts = [
    vscode.l10n.t('{0} rows written to {1} ({2}).', formatCount(rows), basename(file), sources.join(', ')),
    ...(reasons.length > 0 ? [vscode.l10n.t('Left out: {0}.', reasons.join('; '))] : []),
  ];
  const open = vscode.l10n.t('Open');
  const chosen = await vscode.window.showInformationMessage(inMessage(parts.join(' ')), open);
  if (chosen === open) await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(file));
}
