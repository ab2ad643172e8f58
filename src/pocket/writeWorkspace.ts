// Writes examples/pocket: the workspace that the first run uses and that a person copies to begin. Every file is a
// function of the seed alone.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createRandom, hashSeed } from '../shared/random.ts';
import { corpusExample, oldSkills } from './corpus.ts';
import { subtraction } from './skills/arithmetic.ts';
import { newCalls } from './skills/calls.ts';
import { foreignAnswer } from './skills/foreign.ts';
import { drawMinimalPair, drawText } from './skills/newLanguage.ts';
import { harmlessRequests } from './skills/refusal.ts';
import { drawFrom, messagesOf, pick, type Problem, type Skill, type Random } from './skills/skill.ts';
import { smalltalk } from './skills/smalltalk.ts';
import {
  callsYaml,
  editorSettings,
  languageYaml,
  sequenceYaml,
  subtractionYaml,
  workspaceReadme,
} from './workspaceTexts.ts';

const benchmarkItems = 240;
const trainingRows = 1500;
const replayRows = 2000;
const neutralRows = 160;
const languageRows = 1000;

type Row = Record<string, unknown>;

/** Problems of a skill with different keys, in the order of their drawing. */
function distinctProblems(skill: Skill, side: 'train' | 'held-out', count: number, random: Random): Problem[] {
  const problems = new Map<string, Problem>();
  for (let attempt = 0; problems.size < count; attempt++) {
    if (attempt > count * 500) throw new Error(`skill ${skill.name} has fewer than ${count} ${side} problems`);
    const problem = drawFrom(skill, side, random);
    if (!problems.has(problem.key)) problems.set(problem.key, problem);
  }
  return [...problems.values()];
}

/** Held-out items of a skill as a benchmark file holds them. */
export function benchmarkRows(skill: Skill, count: number, seed: number): Row[] {
  const random = createRandom(hashSeed('benchmark', skill.name, seed));
  return distinctProblems(skill, 'held-out', count, random).map((problem) => ({
    prompt: messagesOf(problem),
    answer: problem.answer,
    ...problem.fields,
  }));
}

/** Training rows of a new task: the foreign answer is the ground truth, the native one stands in a column of its own. */
export function taskRows(skill: Skill, count: number, seed: number): Row[] {
  const random = createRandom(hashSeed('task', skill.name, seed));
  return distinctProblems(skill, 'train', count, random).map((problem) => {
    if (problem.core === undefined) throw new Error(`problem ${problem.key} has no core`);
    return {
      prompt: messagesOf(problem),
      completion: [{ role: 'assistant', content: foreignAnswer(problem.core) }],
      native: pick(random, problem.answers),
      answer: problem.answer,
      ...problem.fields,
    };
  });
}

const chatRow = (problem: Problem, random: Random): Row => ({
  prompt: messagesOf(problem),
  completion: [{ role: 'assistant', content: pick(random, problem.answers) }],
});

/** Examples as the base was trained on, of the measured skills only, for replay. */
function replay(count: number, seed: number): Row[] {
  const names = new Set(oldSkills.map(({ name }) => name));
  const rows: Row[] = [];
  for (let index = 0; rows.length < count; index++) {
    const example = corpusExample(seed, index);
    if (!names.has(example.skill)) continue;
    rows.push({ prompt: example.prompt, completion: [{ role: 'assistant', content: example.completion }] });
  }
  return rows;
}

/** Held-out rows of every skill and of small talk: the text on which drift from the base is measured. */
function neutral(count: number, seed: number): Row[] {
  const random = createRandom(hashSeed('neutral', seed));
  const sources = [...oldSkills, harmlessRequests, smalltalk];
  return Array.from({ length: count }, (_, index) =>
    chatRow(drawFrom(sources[index % sources.length]!, 'held-out', random), random),
  );
}

function languageText(count: number, seed: number): Row[] {
  const random = createRandom(hashSeed('language', seed));
  return Array.from({ length: count }, () => ({ text: drawText(random) }));
}

function languagePairs(count: number, seed: number): Row[] {
  const random = createRandom(hashSeed('language-pairs', seed));
  const pairs = new Map<string, Row>();
  while (pairs.size < count) {
    const pair = drawMinimalPair(random);
    pairs.set(pair.good, pair);
  }
  return [...pairs.values()];
}

/** Seed of everything in the workspace; different from the corpus seed, so that replay is not the training stream. */
const workspaceSeed = 1;

/** Every file of the workspace by its path inside it. */
export function workspaceFiles(): Map<string, string> {
  const files = new Map<string, string>([
    ['pocket.experiment.yaml', subtractionYaml()],
    ['sequence.experiment.yaml', sequenceYaml()],
    ['calls.experiment.yaml', callsYaml()],
    ['language.experiment.yaml', languageYaml()],
    ['README.md', workspaceReadme()],
    ['.vscode/settings.json', editorSettings],
  ]);
  const put = (path: string, rows: readonly Row[]): void => {
    files.set(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  };
  put('data/subtraction.jsonl', taskRows(subtraction, trainingRows, workspaceSeed));
  put('data/newCalls.jsonl', taskRows(newCalls, trainingRows, workspaceSeed));
  put('data/newLanguage.jsonl', languageText(languageRows, workspaceSeed));
  put('data/replay.jsonl', replay(replayRows, workspaceSeed));
  put('data/neutral.jsonl', neutral(neutralRows, workspaceSeed));
  for (const skill of [...oldSkills, harmlessRequests, subtraction, newCalls]) {
    put(`benchmarks/${skill.name}.jsonl`, benchmarkRows(skill, benchmarkItems, workspaceSeed));
  }
  put('benchmarks/new-language.jsonl', languagePairs(benchmarkItems, workspaceSeed));
  return files;
}

/** Writes the workspace into a folder. */
export async function writeWorkspace(folder: string): Promise<void> {
  for (const [path, content] of workspaceFiles()) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
