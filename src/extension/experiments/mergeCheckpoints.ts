// Merge Checkpoints: a model between a base and a tuned model.
import { dirname, join, resolve } from 'node:path';
import * as vscode from 'vscode';
import { errorLine, LabError } from '../../shared/errors.ts';
import { phrase, say } from '../../shared/phrase.ts';
import { checkMerge } from '../../shared/protocol/lab/sessions.ts';
import { activeFile } from '../activeFile.ts';
import { tellDone } from '../notifications/tellDone.ts';
import { pathOf } from '../pathOf.ts';
import { servedFolder } from '../servedFolder.ts';
import type { Lab, Workbench } from '../workbench.ts';
import { carryOut } from './carryOut.ts';
import { readLambda } from './lambda.ts';
import { freePath, isThere } from './newFile.ts';
import { weightsItems } from './pickWeights.ts';
import type { WeightsItem } from './pickWeights.ts';
import { askText, pickOne } from './stepInputs.ts';
import { askSteps } from './steps.ts';
import type { Step } from './steps.ts';

interface Answers {
  base: WeightsItem | undefined;
  tuned: WeightsItem | undefined;
  lambda: number;
  out: string | undefined;
}

/** `argument`: the tuned checkpoint. Answers with the session's id, or undefined when the dialogue was given up. */
export async function mergeCheckpoints(workbench: Workbench, argument: unknown): Promise<string | undefined> {
  const title = vscode.l10n.t('Merge Checkpoints');
  const items = weightsItems(workbench.lab);
  const given = pathOf(argument);
  const known = given === undefined ? undefined : (await items).find(({ model }) => model === given);
  const answers: Answers = { base: undefined, tuned: known, lambda: 0.5, out: undefined };
  const shown = { lab: workbench.lab, title, items };
  const steps: Step<Answers>[] = [
    weightsStep({
      ...shown,
      which: 'base',
      placeholder: vscode.l10n.t('The model before training'),
      other: () => known,
    }),
    ...(known
      ? []
      : [
          weightsStep({
            ...shown,
            which: 'tuned',
            placeholder: vscode.l10n.t('The model after training'),
            other: ({ base }) => base,
          }),
        ]),
    lambdaStep(title),
    outStep(title),
  ];
  if (!(await askSteps(steps, answers))) return undefined;
  const { base, tuned, lambda, out } = answers;
  if (!base || !tuned || out === undefined) return undefined;
  const work = { kind: 'merge' as const, base: base.model, tuned: tuned.model, lambda, out };
  return carryOut(workbench, work, async ({ result = [] }) => {
    // The list of models is looked at again only from time to time.
    await vscode.commands.executeCommand('forgettingLab.internal.refresh');
    const evaluate = vscode.l10n.t('Evaluate Model');
    const words = result.map((line) => say(line, vscode.l10n.t)).join(' ');
    if (await tellDone(words, evaluate)) await vscode.commands.executeCommand('forgettingLab.evaluateModel', out);
  });
}

interface WeightsStep {
  lab: Lab;
  title: string;
  placeholder: string;
  items: Promise<WeightsItem[]>;
  which: 'base' | 'tuned';
  /** What has been chosen before, and must belong together with what is chosen here. */
  other: (answers: Answers) => WeightsItem | undefined;
}

function weightsStep({ lab, title, placeholder, items, which, other }: WeightsStep): Step<Answers> {
  return {
    ask: (answers, place) => {
      const before = other(answers);
      const offered = items.then((all) => all.filter(({ model }) => model !== before?.model));
      const none = vscode.l10n.t('No model was found');
      const active = ({ model }: WeightsItem): boolean => model === answers[which]?.model;
      const check = async ({ model }: WeightsItem): Promise<string | undefined> =>
        before && refusalOf(lab, which === 'tuned' ? [before.model, model] : [model, before.model]);
      return pickOne(
        { title, place, placeholder, none, items: offered, active, check },
        (item) => (answers[which] = item),
      );
    },
  };
}

/** Why two models cannot be merged, as the server says it. */
async function refusalOf(lab: Lab, [base, tuned]: [string, string]): Promise<string | undefined> {
  try {
    await lab.request(checkMerge, { base, tuned });
    return undefined;
  } catch (error) {
    return say(errorLine(error), vscode.l10n.t);
  }
}

function lambdaStep(title: string): Step<Answers> {
  const wrong = (text: string): string | undefined =>
    readLambda(text) === undefined ? vscode.l10n.t('lambda must be a number, not "{0}"', text) : undefined;
  return {
    ask: (answers, place) => {
      const placeholder = vscode.l10n.t('lambda: 0 is the base, 1 the tuned model');
      const value = String(answers.lambda);
      return askText(
        { title, place, placeholder, value, selection: [0, value.length], check: async (text) => wrong(text) },
        (text) => (answers.lambda = readLambda(text) ?? answers.lambda),
      );
    },
  };
}

function outStep(title: string): Step<Answers> {
  return {
    ask: async (answers, place) => {
      const root = workspaceFolder();
      const name = `${answers.tuned?.short ?? 'model'}-merged-${answers.lambda}`.replace(/[^\p{L}\p{N}.-]+/gu, '-');
      const value = answers.out ?? (await freePath(join(root, 'models'), name));
      const check = async (text: string): Promise<string | undefined> => {
        if (text === '') return vscode.l10n.t('Name the folder of the merged model');
        const out = resolve(root, text);
        return (await isThere(out)) ? vscode.l10n.t('{0} is already there', out) : undefined;
      };
      const placeholder = vscode.l10n.t('Folder of the merged model');
      return askText({ title, place, placeholder, value, check }, (text) => (answers.out = resolve(root, text)));
    },
  };
}

/** Where relative paths begin. */
export function workspaceFolder(): string {
  const folder = servedFolder();
  if (folder) return folder.uri.fsPath;
  const active = activeFile();
  if (active !== undefined) return dirname(active);
  throw new LabError('usage', phrase('No folder is open'), { remedy: phrase('Open a folder first') });
}
