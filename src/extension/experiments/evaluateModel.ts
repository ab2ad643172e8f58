// Evaluate Model: the benchmarks of an experiment, measured on a model or checkpoint.
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { say } from '../../shared/phrase.ts';
import { outlineExperiment } from '../../shared/protocol/lab/experiments.ts';
import { listExperiments } from '../../shared/protocol/lab/runs.ts';
import { engineSettings } from '../engineSettings.ts';
import { inLabel } from '../outsideText.ts';
import { pathOf } from '../pathOf.ts';
import { saveExperiment } from '../saveInputs.ts';
import { shortMinuteOf } from '../sidebar/runTime.ts';
import type { Workbench } from '../workbench.ts';
import { carryOut } from './carryOut.ts';
import { activeExperiment } from './launch.ts';
import { weightsItems } from './pickWeights.ts';
import type { ReadonlyTexts } from './readonlyText.ts';
import { pickMany, pickOne } from './stepInputs.ts';
import { askSteps } from './steps.ts';
import type { Step } from './steps.ts';
import { unasked } from './unasked.ts';

interface Answers {
  model: string | undefined;
  experiment: string | undefined;
  benchmarks: string[];
}

/** Answers with the session's id, or undefined when the dialogue was given up. */
export async function evaluateModel(
  workbench: Workbench,
  texts: ReadonlyTexts,
  argument: unknown,
): Promise<string | undefined> {
  const title = vscode.l10n.t('Evaluate Model');
  const given = pathOf(argument);
  const answers: Answers = { model: given, experiment: activeExperiment(), benchmarks: [] };
  const steps = [
    ...(given === undefined ? [modelStep(title, workbench)] : []),
    experimentStep(title, workbench),
    benchmarkStep(title, workbench),
  ];
  if (!(await askSteps(steps, answers))) return undefined;
  const { model, experiment, benchmarks } = answers;
  if (model === undefined || experiment === undefined) return undefined;
  const work = { kind: 'evaluate' as const, model, experiment, benchmarks, ...engineSettings() };
  await saveExperiment(workbench, experiment);
  return carryOut(workbench, work, async ({ result = [], queuedAt }) => {
    // The minute keeps a second evaluation of a model beside the first.
    const measured = `${(await workbench.names.of(model)) ?? basename(model)} ${shortMinuteOf(queuedAt)}`;
    const name = vscode.l10n.t('Evaluation of {0}', measured);
    const lines = [model, experiment, '', ...result.map((line) => say(line, vscode.l10n.t)), ''];
    await texts.show(name, lines.join('\n'), unasked());
  });
}

function modelStep(title: string, { lab }: Workbench): Step<Answers> {
  return {
    ask: (answers, place) => {
      const placeholder = vscode.l10n.t('Which model is measured?');
      const none = vscode.l10n.t('No model was found');
      return pickOne(
        { title, place, placeholder, none, items: weightsItems(lab) },
        ({ model }) => (answers.model = model),
      );
    },
  };
}

function experimentStep(title: string, { lab }: Workbench): Step<Answers> {
  return {
    ask: (answers, place) => {
      const items = lab.request(listExperiments, {}).then((experiments) =>
        experiments.flatMap(({ name, file }) => {
          if (file === undefined) return [];
          return [{ label: inLabel(name), detail: inLabel(vscode.workspace.asRelativePath(file)), file }];
        }),
      );
      const placeholder = vscode.l10n.t('The benchmarks of which experiment?');
      const none = vscode.l10n.t('No experiment was found');
      const active = ({ file }: { file: string }): boolean => file === answers.experiment;
      return pickOne({ title, place, placeholder, none, items, active }, ({ file }) => {
        if (file !== answers.experiment) answers.benchmarks = [];
        answers.experiment = file;
      });
    },
  };
}

function benchmarkStep(title: string, { lab }: Workbench): Step<Answers> {
  return {
    ask: async (answers, place) => {
      const path = answers.experiment ?? '';
      const text = (await vscode.workspace.openTextDocument(vscode.Uri.file(path))).getText();
      const { benchmarks } = await lab.request(outlineExperiment, { path, text });
      const items = benchmarks.map((benchmark) => ({ label: inLabel(benchmark), benchmark }));
      const before = answers.benchmarks;
      return pickMany(
        {
          title,
          place,
          items,
          selected: items.filter(({ benchmark }) => before.length === 0 || before.includes(benchmark)),
          placeholder: vscode.l10n.t('Which benchmarks are measured?'),
          least: vscode.l10n.t('Choose at least one benchmark'),
          none: vscode.l10n.t('This experiment has no benchmarks'),
        },
        (chosen) => (answers.benchmarks = chosen.map(({ benchmark }) => benchmark)),
      );
    },
  };
}
