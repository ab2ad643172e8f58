// New Experiment: a dialogue over what the workspace holds; writes NAME.experiment.yaml and opens it.
import { join } from 'node:path';
import * as vscode from 'vscode';
import { composeExperiment, experimentMaterial } from '../../../shared/protocol/lab/experiments.ts';
import type { ExperimentMaterial } from '../../../shared/protocol/lab/experiments.ts';
import type { Workbench } from '../../workbench.ts';
import { isThere, writeNew } from '../newFile.ts';
import { askText } from '../stepInputs.ts';
import { askSteps } from '../steps.ts';
import type { Step } from '../steps.ts';
import { noAnswers, suggestedName, toChoices } from './choices.ts';
import type { Answers } from './choices.ts';
import {
  benchmarkStep,
  deviceStep,
  modelStep,
  presetStep,
  replayStep,
  scorerStep,
  taskStep,
  verifierStep,
} from './questions.ts';
import { say } from '../../../shared/phrase.ts';

/** Answers with the path of the written file, or undefined when the dialogue was given up. */
export async function newExperiment(workbench: Workbench): Promise<string | undefined> {
  const title = vscode.l10n.t('New Experiment');
  const material = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Looking for datasets and benchmarks') },
    () => workbench.lab.request(experimentMaterial, {}),
  );
  const answers = noAnswers(material);
  const steps: Step<Answers>[] = [
    modelStep(title, workbench.lab),
    taskStep(title, material),
    presetStep(title, material),
    replayStep(title, material),
    verifierStep(title, material),
    benchmarkStep(title, material),
    scorerStep(title, material),
    deviceStep(title),
    nameStep(title, material, workbench),
  ];
  if (!(await askSteps(steps, answers)) || answers.name === undefined) return undefined;
  const path = pathFor(material, answers.name);
  const { text } = await workbench.lab.request(composeExperiment, {
    path,
    choices: toChoices(answers, answers.name, material),
  });
  await writeNew(path, text);
  await vscode.window.showTextDocument(vscode.Uri.file(path), { preview: false });
  return path;
}

const pathFor = (material: ExperimentMaterial, name: string): string =>
  join(material.folder, `${name.replace(/[<>:"|?*]/g, '-')}.experiment.yaml`);

/** The name is the last question, and checked with everything that was chosen before it. */
function nameStep(title: string, material: ExperimentMaterial, { lab }: Workbench): Step<Answers> {
  return {
    ask: (answers, place) => {
      const check = async (name: string): Promise<string | undefined> => {
        const namesake = Object.hasOwn(material.names, name) ? material.names[name] : undefined;
        if (namesake !== undefined) {
          return vscode.l10n.t('{0} has this name already', vscode.workspace.asRelativePath(namesake));
        }
        const path = pathFor(material, name);
        const choices = toChoices(answers, name, material);
        const { problems } = await lab.request(composeExperiment, { path, choices });
        const [first] = problems;
        if (first) return say(first.message, vscode.l10n.t);
        if (!(await isThere(path))) return undefined;
        return vscode.l10n.t('{0} is already there', vscode.workspace.asRelativePath(path));
      };
      const placeholder = vscode.l10n.t(
        'Name of the experiment and its file, in {0}',
        vscode.workspace.asRelativePath(material.folder),
      );
      return askText(
        { title, place, placeholder, value: answers.name ?? suggestedName(answers, material), check },
        (name) => (answers.name = name),
      );
    },
  };
}
