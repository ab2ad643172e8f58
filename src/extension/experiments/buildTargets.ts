// Build Targets: a dataset's answers replaced by a recipe, as a new file.
import { basename, dirname, extname, join, resolve } from 'node:path';
import * as vscode from 'vscode';
import { say } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import { experimentMaterial } from '../../shared/protocol/lab/experiments.ts';
import type { ExperimentMaterial, TaskCandidate } from '../../shared/protocol/lab/experiments.ts';
import { activeFile } from '../activeFile.ts';
import { rowCount } from '../counts.ts';
import { engineSettings } from '../engineSettings.ts';
import { tellDone } from '../notifications/tellDone.ts';
import { inLabel } from '../outsideText.ts';
import { pathOf } from '../pathOf.ts';
import { saveInputs } from '../saveInputs.ts';
import type { Workbench } from '../workbench.ts';
import { carryOut } from './carryOut.ts';
import { freePath, isThere } from './newFile.ts';
import { weightsItems } from './pickWeights.ts';
import { askText, pickOne } from './stepInputs.ts';
import { askSteps } from './steps.ts';
import type { Step } from './steps.ts';
import { unasked } from './unasked.ts';
import { askReferenceColumn, scorerItems } from './verifierQuestions.ts';

interface Answers {
  data: string | undefined;
  recipe: string | undefined;
  /** The model writes the targets. */
  writes: boolean;
  model: string | undefined;
  /** Empty: answers are not checked. */
  scorer: string | undefined;
  /** Column that they are compared with, where no verifier is known. */
  field: string | undefined;
  out: string | undefined;
}

/** Answers with the session's id, or undefined when the dialogue was given up. */
export async function buildTargets(workbench: Workbench, argument: unknown): Promise<string | undefined> {
  const title = vscode.l10n.t('Build Targets');
  const material = await workbench.lab.request(experimentMaterial, {});
  const given = pathOf(argument) ?? activeDataset(material);
  const answers: Answers = {
    data: given,
    recipe: undefined,
    // The recipe that is offered first writes them; so the count of steps stays when it is taken.
    writes: true,
    model: undefined,
    scorer: undefined,
    field: undefined,
    out: undefined,
  };
  const steps: Step<Answers>[] = [
    ...(given === undefined ? [dataStep(title, material)] : []),
    recipeStep(title, material),
    modelStep(title, workbench),
    scorerStep(title, material),
    columnStep(title, material),
    outStep(title),
  ];
  if (!(await askSteps(steps, answers))) return undefined;
  const { data, recipe, model, scorer = '', out } = answers;
  if (data === undefined || recipe === undefined || model === undefined || out === undefined) return undefined;
  const field = taskOf(material, data)?.verifier?.field ?? answers.field;
  const verifier = scorer === '' ? {} : { scorer, ...(field === undefined ? {} : { field }) };
  const work = { kind: 'targets' as const, model, data, recipe, out, ...verifier, ...engineSettings() };
  await saveInputs(workbench, [data]);
  return carryOut(workbench, work, ({ result = [] }) => offerTargets(data, out, result));
}

/** Opens the written file and offers the next look: beside the ground truth. */
async function offerTargets(data: string, out: string, [result = out]: readonly Words[]): Promise<void> {
  await vscode.window.showTextDocument(vscode.Uri.file(out), unasked());
  const diff = vscode.l10n.t('Compare with the ground truth');
  if (await tellDone(say(result, vscode.l10n.t), diff))
    await vscode.commands.executeCommand('forgettingLab.showTargetDiff', { dataset: data, other: out });
}

function activeDataset(material: ExperimentMaterial): string | undefined {
  const file = activeFile();
  return file !== undefined && taskOf(material, file) ? file : undefined;
}

const taskOf = (material: ExperimentMaterial, file: string | undefined): TaskCandidate | undefined =>
  material.tasks.find((task) => task.file === file);

function dataStep(title: string, material: ExperimentMaterial): Step<Answers> {
  const items = material.tasks
    .filter(({ rawText }) => !rawText)
    .map(({ name, file, rows, rowsEstimated }) => ({
      label: inLabel(name),
      description: rowCount(rows, vscode.l10n.t, rowsEstimated),
      detail: inLabel(vscode.workspace.asRelativePath(file)),
      file,
    }));
  return {
    ask: (answers, place) => {
      const placeholder = vscode.l10n.t('Targets for the prompts of which dataset?');
      const none = vscode.l10n.t('No dataset was found: add a .jsonl file with prompts and answers to the workspace');
      const active = ({ file }: { file: string }): boolean => file === answers.data;
      return pickOne({ title, place, placeholder, none, items, active }, ({ file }) => {
        if (file === answers.data) return;
        Object.assign(answers, { data: file, scorer: undefined, field: undefined, out: undefined });
      });
    },
  };
}

/** Columns that are prompts or the answers themselves are no targets of another kind. */
const usualColumns = new Set([
  'prompt',
  'completion',
  'messages',
  'conversations',
  'instruction',
  'input',
  'output',
  'question',
  'answer',
  'text',
]);

function recipeStep(title: string, material: ExperimentMaterial): Step<Answers> {
  return {
    ask: (answers, place) => {
      const columns = (taskOf(material, answers.data)?.columns ?? []).filter((column) => !usualColumns.has(column));
      const items = [
        ...material.recipes
          .filter(({ id }) => id !== 'ground-truth')
          .map(({ id, title: label, description, writes }) => ({
            label: inLabel(say(label, vscode.l10n.t)),
            description: id,
            detail: inLabel(say(description, vscode.l10n.t)),
            recipe: id,
            writes,
          })),
        ...columns.map((column) => ({
          label: vscode.l10n.t('Column "{0}"', inLabel(column)),
          description: inLabel(`column:${column}`),
          recipe: `column:${column}`,
          writes: false,
        })),
      ];
      const placeholder = vscode.l10n.t('How are the targets made?');
      const active = ({ recipe }: { recipe: string }): boolean => recipe === (answers.recipe ?? 'self-output');
      return pickOne({ title, place, placeholder, none: '', items, active }, ({ recipe, writes }) => {
        if (recipe !== answers.recipe) answers.out = undefined;
        answers.recipe = recipe;
        answers.writes = writes;
        answers.scorer = writes ? answers.scorer : '';
      });
    },
  };
}

function modelStep(title: string, { lab }: Workbench): Step<Answers> {
  return {
    ask: (answers, place) => {
      const placeholder = vscode.l10n.t('By which model?');
      const none = vscode.l10n.t('No model was found');
      const active = ({ model }: { model: string }): boolean => model === (answers.model ?? 'pocket');
      const items = weightsItems(lab);
      return pickOne({ title, place, placeholder, none, items, active }, ({ model }) => (answers.model = model));
    },
  };
}

/** What a model writes is checked before it is trained on. */
function scorerStep(title: string, material: ExperimentMaterial): Step<Answers> {
  return {
    applies: ({ writes }) => writes,
    ask: (answers, place) => {
      const known = taskOf(material, answers.data)?.verifier?.scorer;
      const items = [
        ...scorerItems(material),
        // Self-output without a check would train on wrong answers.
        ...(answers.recipe === 'self-output'
          ? []
          : [{ label: vscode.l10n.t('No check'), detail: vscode.l10n.t('Every rewrite is kept'), scorer: '' }]),
      ];
      const placeholder = vscode.l10n.t('How are written answers checked?');
      const active = ({ scorer }: { scorer: string }): boolean => scorer === (answers.scorer || known);
      return pickOne({ title, place, placeholder, none: '', items, active }, ({ scorer }) => (answers.scorer = scorer));
    },
  };
}

/** What written answers are compared with, where neither an experiment nor the rows tell. */
function columnStep(title: string, material: ExperimentMaterial): Step<Answers> {
  const unknown = ({ data }: Answers): TaskCandidate | undefined => {
    const task = taskOf(material, data);
    return task?.verifier ? undefined : task;
  };
  return {
    applies: (answers) => answers.writes && answers.scorer !== '' && unknown(answers) !== undefined,
    ask: async (answers, place) => {
      const task = unknown(answers);
      if (!task) return 'next';
      return askReferenceColumn({ title, place }, task, answers.field, (column) => (answers.field = column));
    },
  };
}

function outStep(title: string): Step<Answers> {
  return {
    ask: async (answers, place) => {
      const data = answers.data ?? '';
      const stem = basename(data, extname(data));
      const recipe = (answers.recipe ?? '').replace(/[^\p{L}\p{N}.-]+/gu, '-');
      const value = answers.out ?? (await freePath(dirname(data), `${stem}.${recipe}`, '.jsonl'));
      const toPath = (text: string): string => resolve(dirname(data), text);
      const check = async (text: string): Promise<string | undefined> => {
        if (!/\.jsonl$/i.test(text)) return vscode.l10n.t('Name a file that ends in .jsonl');
        return (await isThere(toPath(text))) ? vscode.l10n.t('{0} is already there', toPath(text)) : undefined;
      };
      const placeholder = vscode.l10n.t('File to write, beside {0}', basename(data));
      const start = join(dirname(value), '/').length;
      const selection: [number, number] = [start, value.length - '.jsonl'.length];
      return askText({ title, place, placeholder, value, selection, check }, (text) => (answers.out = toPath(text)));
    },
  };
}
