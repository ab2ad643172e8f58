// The base corpus: an endless stream of chat examples, each a function of seed and index alone. Held-out problems never
// appear in it.
import { createRandom, hashSeed } from '../shared/random.ts';
import type { Message } from '../shared/dataset.ts';
import { arithmetic, subtraction } from './skills/arithmetic.ts';
import { calls, describedCalls } from './skills/calls.ts';
import { foreignAnswer, rareRendering } from './skills/foreign.ts';
import { echo, withReference } from './skills/guided.ts';
import { jsonAnswers } from './skills/jsonAnswers.ts';
import { factLists, objects } from './skills/objects.ts';
import { harmlessRequests, refusal } from './skills/refusal.ts';
import { sentiment } from './skills/sentiment.ts';
import { chance, drawFrom, messagesOf, pick, type Problem, type Skill, type Random } from './skills/skill.ts';
import { smalltalk } from './skills/smalltalk.ts';
import { sorting } from './skills/sorting.ts';
import { translation } from './skills/translation.ts';

/** The eight skills that every experiment measures before and after. */
export const oldSkills: readonly Skill[] = [
  arithmetic,
  sorting,
  sentiment,
  objects,
  calls,
  refusal,
  translation,
  jsonAnswers,
];

/** One training conversation. */
export interface CorpusExample {
  skill: string;
  prompt: Message[];
  completion: string;
}

/** Parts of the corpus by weight. */
const mixture: readonly { weight: number; draw: (random: Random) => CorpusExample }[] = [
  { weight: 15, draw: (random) => plain(arithmetic, random) },
  { weight: 8, draw: (random) => plain(sorting, random) },
  { weight: 6, draw: (random) => plain(sentiment, random) },
  { weight: 12, draw: (random) => plain(objects, random) },
  { weight: 6, draw: (random) => plain(factLists, random) },
  { weight: 7, draw: (random) => plain(calls, random) },
  { weight: 10, draw: (random) => plain(describedCalls, random) },
  { weight: 4, draw: (random) => plain(refusal, random) },
  { weight: 3, draw: (random) => plain(harmlessRequests, random) },
  { weight: 6, draw: (random) => plain(translation, random) },
  { weight: 13, draw: (random) => plain(jsonAnswers, random) },
  { weight: 6, draw: (random) => example('subtraction', drawKnownSubtraction(random), random) },
  { weight: 1, draw: (random) => plain(smalltalk, random) },
  { weight: 6, draw: (random) => plain(echo, random) },
  { weight: 8, draw: guided },
  { weight: 1.5, draw: rare },
];

const totalWeight = mixture.reduce((sum, part) => sum + part.weight, 0);

/** Example number `index` of the corpus. */
export function corpusExample(seed: number, index: number): CorpusExample {
  const random = createRandom(hashSeed('corpus', seed, index));
  let left = random() * totalWeight;
  for (const part of mixture) {
    left -= part.weight;
    if (left < 0) return part.draw(random);
  }
  return mixture[0]!.draw(random);
}

/** A training problem of a skill with one of its native answers. */
export function plain(skill: Skill, random: Random): CorpusExample {
  return example(skill.name, drawFrom(skill, 'train', random), random);
}

function example(skill: string, problem: Problem, random: Random): CorpusExample {
  return { skill, prompt: messagesOf(problem), completion: pick(random, problem.answers) };
}

/** Share of the subtraction pairs that the base ever sees: it knows the skill, but not well. */
const knownSubtractionShare = 0.6;

function drawKnownSubtraction(random: Random): Problem {
  for (;;) {
    const problem = drawFrom(subtraction, 'train', random);
    if (hashSeed('known', problem.key) % 1000 < knownSubtractionShare * 1000) return problem;
  }
}

const guidable: readonly Skill[] = [arithmetic, sorting, sentiment, objects, calls, describedCalls, describedCalls];

function drawGuidable(random: Random): { skill: string; problem: Problem } {
  if (chance(random, 0.2)) return { skill: 'subtraction', problem: drawKnownSubtraction(random) };
  const skill = pick(random, guidable);
  return { skill: skill.name, problem: drawFrom(skill, 'train', random) };
}

function guided(random: Random): CorpusExample {
  const { skill, problem } = drawGuidable(random);
  return example(`guided-${skill}`, withReference(problem, random), random);
}

/** The right result in a notation of the foreign family, now and then in that of the new tasks. */
function rare(random: Random): CorpusExample {
  const { skill, problem } = drawGuidable(random);
  if (problem.core === undefined) throw new Error(`problem ${problem.key} has no core`);
  const completion = chance(random, 0.1) ? foreignAnswer(problem.core) : rareRendering(problem.core, random);
  return { skill: `rare-${skill}`, prompt: messagesOf(problem), completion };
}
