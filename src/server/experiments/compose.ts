// The text of a new experiment file from a person's choices: clean, commented YAML with the values that are worth
// changing.
import { basename, dirname } from 'node:path';
import { presets } from '../../recipes/presets.ts';
import type { NewExperimentChoices, NewExperimentTask } from '../../shared/protocol/lab/experiments.ts';
import { formatRoughly, plural } from '../../shared/words.ts';
import { writtenModel, writtenPath, yamlWord } from './yamlText.ts';

/** Names of arms in charts, in the words that other views use for them. */
const armNames: Record<string, string> = {
  sft: 'ground truth',
  'self-output': 'self-output',
  'rephrase-sdft': 'rephrase, else ground truth',
  rephrase: 'rephrase',
  stm: 'STM',
  'random-mask': 'random mask',
  replay: 'ground truth + replay 10 %',
  'replay-lamol-5': 'ground truth + replay 5 %',
  'replay-lamol-20': 'ground truth + replay 20 %',
  lora: 'LoRA',
  'lora-qv': 'LoRA on queries and values',
  'freeze-attention': 'freeze attention',
  'only-attention': 'only attention',
  'freeze-mlp': 'freeze MLP',
  'only-mlp': 'only MLP',
  'linear-merge': 'ground truth, merged',
};

/** Samples per prompt that a first look needs; the preset draws as many as the paper. */
const fewSamples = 8;
const batchSize = 32;

/** The text for a file at `path`. */
export function composeText(path: string, choices: NewExperimentChoices): string {
  const folder = dirname(path);
  const rate = choices.model === 'pocket' ? 1.3e-3 : 3e-4;
  const lines = [
    '# What training teaches and what it makes forget. Launch it from the line above, or in a terminal:',
    `# forgetting-lab run ${shellWord(basename(path))}`,
    `name: ${yamlWord(choices.name)}`,
    `model: ${yamlWord(writtenModel(folder, choices.model))}`,
    ...(choices.device === 'auto' ? [] : [`device: ${choices.device}`]),
    '# More seeds show how far results scatter, more learning rates show gain against forgetting.',
    'seeds: [0]',
    `learningRates: [${rate.toExponential()}]`,
    'training:',
    `  batchSize: ${batchSize}`,
    '  schedule: cosine',
    '  warmup: 0.05',
    choices.tasks.length > 1 ? '# Taught in this order, each from the model of the stage before.' : '# What is taught.',
    'stages:',
    ...choices.tasks.flatMap((task) => stageLines(folder, task)),
    '# Ways to train that are compared.',
    'arms:',
    ...choices.arms.flatMap((id) => armLines(folder, id, choices, rate)),
    '# Measured before training and after every stage.',
    'benchmarks:',
    ...choices.benchmarks.map((benchmark) => benchmarkLine(folder, benchmark)),
    ...(choices.neutralText === undefined
      ? []
      : [
          '# General text, for the distance to the base.',
          `neutralText: ${yamlWord(writtenPath(folder, choices.neutralText))}`,
        ]),
    '# Small measurements while it trains: forgetting shows before it has happened.',
    `probes: { every: ${probeEvery(choices.tasks)}, items: 8 }`,
    '# Largest drop of an old skill that is tolerated.',
    'forgettingBudget: 0.05',
  ];
  return `${lines.join('\n')}\n`;
}

function stageLines(folder: string, task: NewExperimentTask): string[] {
  const { name, file, benchmark, verifier } = task;
  const steps = stepsFor(task.rows);
  const passes = ((steps * batchSize) / Math.max(1, task.rows)).toPrecision(2);
  return [
    `  - name: ${yamlWord(name)}`,
    `    dataset: ${yamlWord(writtenPath(folder, file))}`,
    ...(benchmark === undefined ? [] : [`    benchmark: ${yamlWord(benchmark)}`]),
    `    steps: ${steps} # about ${Number(passes)} passes over ${rowsOf(task)}`,
    ...(verifier ? [`    verifier: { scorer: ${yamlWord(verifier.scorer)}, field: ${yamlWord(verifier.field)} }`] : []),
    ...(task.maxTokens === undefined ? [] : [`    maxTokens: ${task.maxTokens}`]),
  ];
}

function rowsOf({ rows, rowsEstimated }: NewExperimentTask): string {
  return rowsEstimated ? `about ${formatRoughly(rows)} rows` : plural(rows, 'row');
}

/** About ten probes a stage. */
function probeEvery(tasks: readonly NewExperimentTask[]): number {
  const longest = tasks.reduce((most, task) => Math.max(most, stepsFor(task.rows)), 0);
  return Math.max(5, Math.round(longest / 100) * 10);
}

const shellWord = (word: string): string => (/^[\w.-]+$/.test(word) ? word : JSON.stringify(word));

/** About two passes, in tens; enough to see something and few enough to wait for. */
function stepsFor(rows: number): number {
  return Math.min(1000, Math.max(20, Math.round((2 * rows) / batchSize / 10) * 10));
}

function armLines(folder: string, id: string, choices: NewExperimentChoices, rate: number): string[] {
  const preset = presets.find((candidate) => candidate.id === id);
  if (!preset) return [`  - name: ${yamlWord(id)}`, `    preset: ${yamlWord(id)}`];
  const source = preset.arxiv === undefined ? '' : ` (arXiv ${preset.arxiv})`;
  const lines = [
    `  # ${preset.title}${source}`,
    `  - name: ${yamlWord(armNames[id] ?? preset.title)}`,
    `    preset: ${id}`,
  ];
  const { targets, mix, trainable } = preset.choices;
  if (targets?.kind === 'self-output') {
    const drawn = targets.samples ?? fewSamples;
    lines.push(
      `    targets: { kind: self-output, samples: ${Math.min(fewSamples, drawn)} } # the paper draws ${drawn}`,
    );
  }
  if (mix?.kind === 'replay' && choices.replay !== undefined) {
    lines.push(`    mix: { kind: replay, dataset: ${yamlWord(writtenPath(folder, choices.replay))} }`);
  }
  if (trainable?.kind === 'lora') {
    lines.push(`    learningRates: [${(10 * rate).toExponential()}] # low-rank updates need about ten times more`);
  }
  return lines;
}

function benchmarkLine(folder: string, benchmark: NewExperimentChoices['benchmarks'][number]): string {
  const { name, file, scorer, group, maxTokens, chance } = benchmark;
  const entries = [
    `name: ${yamlWord(name)}`,
    `data: ${yamlWord(writtenPath(folder, file))}`,
    `scorer: ${yamlWord(scorer)}`,
    `group: ${group}`,
    ...(maxTokens === undefined || maxTokens === 64 ? [] : [`maxTokens: ${maxTokens}`]),
    ...(chance === undefined || chance === 0 ? [] : [`chance: ${chance}`]),
  ];
  return `  - { ${entries.join(', ')} }`;
}
