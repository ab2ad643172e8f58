// The questions of New Experiment.
import * as vscode from 'vscode';
import { say } from '../../../shared/phrase.ts';
import type {
  BenchmarkCandidate,
  ExperimentMaterial,
  TaskCandidate,
} from '../../../shared/protocol/lab/experiments.ts';
import { listModels } from '../../../shared/protocol/lab/models.ts';
import type { Device } from '../../../shared/protocol/lab/sessions.ts';
import { formatSize } from '../../../shared/words.ts';
import { itemCount, rowCount } from '../../counts.ts';
import { modelFolders } from '../../modelFolders.ts';
import { inLabel } from '../../outsideText.ts';
import type { Lab } from '../../workbench.ts';
import { pickMany, pickOne } from '../stepInputs.ts';
import type { Step, StepEnd, StepPlace } from '../steps.ts';
import { askReferenceColumn, scorerItems } from '../verifierQuestions.ts';
import { benchmarksWithoutScorer, nextGroup, tasksWithoutVerifier, usualBenchmarks } from './choices.ts';
import type { Answers, Verifier } from './choices.ts';

type Question = Step<Answers>;

const relative = (path: string): string => inLabel(vscode.workspace.asRelativePath(path));

export function modelStep(title: string, lab: Lab): Question {
  return {
    ask: (answers, place) => {
      const items = lab.request(listModels, { folders: modelFolders() }).then((models) =>
        models
          .filter(({ problem }) => problem === undefined)
          .map(({ name, label, architecture, parameters, bundled, folder }) => ({
            label: inLabel(label),
            description: inLabel(`${architecture}, ${formatSize(parameters)}`),
            detail: bundled ? vscode.l10n.t('The bundled model') : inLabel(folder),
            name,
          })),
      );
      const active = (item: { name: string }): boolean => item.name === (answers.model ?? 'pocket');
      const placeholder = vscode.l10n.t('Which model is trained?');
      const none = vscode.l10n.t('No model was found');
      return pickOne({ title, place, placeholder, items, active, none }, ({ name }) => (answers.model = name));
    },
  };
}

export function taskStep(title: string, material: ExperimentMaterial): Question {
  const items = material.tasks.map((task) => ({
    label: inLabel(task.name),
    description: `${rowCount(task.rows, vscode.l10n.t, task.rowsEstimated)}, ${task.format}`,
    detail: relative(task.file),
    task,
  }));
  return {
    ask: (answers, place) =>
      pickMany(
        {
          title,
          place,
          items,
          selected: answers.tasks.flatMap((task) => items.filter((item) => item.task === task)),
          ordered: true,
          placeholder: vscode.l10n.t('What is taught? The order of choosing is the order of teaching'),
          least: vscode.l10n.t('Choose at least one dataset'),
          none: vscode.l10n.t('No dataset was found: add a .jsonl file with prompts and answers to the workspace'),
        },
        (chosen) => {
          const before = answers.tasks;
          answers.tasks = chosen.map(({ task }) => task);
          // Other tasks are measured by other benchmarks.
          if (before.some((task) => !answers.tasks.includes(task))) answers.benchmarks = undefined;
        },
      ),
  };
}

export function presetStep(title: string, material: ExperimentMaterial): Question {
  const items = material.presets.map((preset) => ({
    label: inLabel(say(preset.title, vscode.l10n.t)),
    description: preset.arxiv === undefined ? preset.id : `${preset.id}, arXiv ${preset.arxiv}`,
    detail: inLabel(say(preset.description, vscode.l10n.t)),
    preset,
  }));
  return {
    ask: (answers, place) =>
      pickMany(
        {
          title,
          place,
          items,
          selected: items.filter(({ preset }) => answers.presets.includes(preset)),
          placeholder: vscode.l10n.t('Which ways to train are compared?'),
          least: vscode.l10n.t('Choose at least one way to train'),
          none: '',
        },
        (chosen) => {
          const presets = chosen.map(({ preset }) => preset);
          // In the order of the menu: ground truth first, as in every chart.
          answers.presets = material.presets.filter((preset) => presets.includes(preset));
        },
      ),
  };
}

/** Only for arms that replay, and only when no experiment of the workspace says what. */
export function replayStep(title: string, material: ExperimentMaterial): Question {
  return {
    applies: ({ presets }) => material.replay === undefined && presets.some(({ needsReplay }) => needsReplay),
    ask: (answers, place) => {
      const items = material.tasks
        .filter(({ file }) => !answers.tasks.some((task) => task.file === file))
        .map(({ name, file, rows, rowsEstimated }) => ({
          label: inLabel(name),
          description: rowCount(rows, vscode.l10n.t, rowsEstimated),
          detail: relative(file),
          file,
        }));
      const placeholder = vscode.l10n.t('Which old examples are mixed in?');
      const none = vscode.l10n.t('No other dataset was found: go back and leave out the arms with replay');
      return pickOne({ title, place, placeholder, none, items }, ({ file }) => (answers.replay = file));
    },
  };
}

/** The model's own answers are trained on only when they are right. */
export function verifierStep(title: string, material: ExperimentMaterial): Question {
  return {
    applies: (answers) => tasksWithoutVerifier(answers).length > 0,
    ask: async (answers, place) => {
      for (const [index, task] of tasksWithoutVerifier(answers).entries()) {
        const shown = { title, place: { ...place, canGoBack: place.canGoBack && index === 0 }, none: '' };
        const end = await askVerifier(shown, task, material, (verifier) => answers.verifiers.set(task.file, verifier));
        if (end !== 'next') return end;
      }
      return 'next';
    },
  };
}

/** The scorer, then the column with what it compares with. */
async function askVerifier(
  shown: { title: string; place: StepPlace; none: string },
  task: TaskCandidate,
  material: ExperimentMaterial,
  chosen: (verifier: Verifier) => void,
): Promise<StepEnd> {
  let scorer = '';
  const how = vscode.l10n.t('How is an answer to "{0}" checked?', task.name);
  const end = await pickOne({ ...shown, placeholder: how, items: scorerItems(material) }, (item) => {
    ({ scorer } = item);
  });
  if (end !== 'next') return end;
  const place = { ...shown.place, canGoBack: false };
  return askReferenceColumn({ ...shown, place }, task, undefined, (field) => chosen({ scorer, field }));
}

export function benchmarkStep(title: string, material: ExperimentMaterial): Question {
  const cycle = new vscode.ThemeIcon('symbol-enum');
  const itemOf = (benchmark: BenchmarkCandidate) => ({
    label: inLabel(benchmark.name),
    description: describeBenchmark(benchmark),
    detail: relative(benchmark.file),
    buttons: [{ iconPath: cycle, tooltip: vscode.l10n.t('Put into another group') }],
    benchmark,
  });
  return {
    ask: (answers, place) => {
      const items = material.benchmarks.map(itemOf);
      const selected = answers.benchmarks ?? usualBenchmarks(material, answers.tasks);
      return pickMany(
        {
          title,
          place,
          items,
          selected: items.filter(({ benchmark }) => selected.includes(benchmark)),
          placeholder: vscode.l10n.t('What is measured before and after?'),
          least: vscode.l10n.t('Choose at least one benchmark'),
          none: vscode.l10n.t('No benchmark was found: add a .jsonl file with "prompt" and "answer" to the workspace'),
          onButton: (item) => {
            item.benchmark.group = nextGroup(item.benchmark.group);
            item.description = describeBenchmark(item.benchmark);
            return items;
          },
        },
        (chosen) => {
          const benchmarks = chosen.map(({ benchmark }) => benchmark);
          const targetsFirst = [...material.benchmarks].sort(
            (a, b) => Number(b.group === 'target') - Number(a.group === 'target'),
          );
          answers.benchmarks = targetsFirst.filter((benchmark) => benchmarks.includes(benchmark));
        },
      );
    },
  };
}

function describeBenchmark({ group, items, itemsEstimated, scorer }: BenchmarkCandidate): string {
  const groups = {
    target: vscode.l10n.t('target'),
    skill: vscode.l10n.t('skill'),
    safety: vscode.l10n.t('safety'),
    format: vscode.l10n.t('format'),
  };
  const count = itemCount(items, vscode.l10n.t, itemsEstimated);
  return [groups[group], count, ...(scorer === undefined ? [] : [scorer])].join(', ');
}

/** For benchmarks whose answers no scorer was found for. */
export function scorerStep(title: string, material: ExperimentMaterial): Question {
  return {
    applies: (answers) => benchmarksWithoutScorer(answers).length > 0,
    ask: async (answers, place) => {
      for (const [index, { name, file }] of benchmarksWithoutScorer(answers).entries()) {
        const placeholder = vscode.l10n.t('How are answers of "{0}" judged?', name);
        const shown = { title, place: { ...place, canGoBack: place.canGoBack && index === 0 }, placeholder, none: '' };
        const end = await pickOne({ ...shown, items: scorerItems(material) }, ({ scorer }) =>
          answers.scorers.set(file, scorer),
        );
        if (end !== 'next') return end;
      }
      return 'next';
    },
  };
}

export function deviceStep(title: string): Question {
  return {
    ask: (answers, place) => {
      const items: (vscode.QuickPickItem & { device: Device })[] = [
        { label: 'auto', description: vscode.l10n.t('The fastest device that works'), device: 'auto' },
        { label: 'cpu', description: vscode.l10n.t('Always the same result'), device: 'cpu' },
        { label: 'webgpu', description: vscode.l10n.t('A graphics card of any make'), device: 'webgpu' },
        { label: 'cuda', description: vscode.l10n.t('A graphics card of NVIDIA'), device: 'cuda' },
      ];
      const placeholder = vscode.l10n.t('Where is it computed?');
      const active = ({ device }: { device: Device }): boolean => device === answers.device;
      return pickOne({ title, place, placeholder, items, active, none: '' }, ({ device }) => (answers.device = device));
    },
  };
}
