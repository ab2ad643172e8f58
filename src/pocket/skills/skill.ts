// What a skill of the pocket lab is: a seeded generator of problems, each with several ways to ask and several ways to
// answer. It knows no tokens and no files.
import { hashSeed } from '../../shared/random.ts';
import type { Message } from '../../shared/dataset.ts';

/** Uniform numbers in [0, 1). */
export type Random = () => number;

/** The bare result of a problem, from which terse and foreign renderings are made. */
export type Core =
  { kind: 'value'; value: string; operands: string[] } | { kind: 'call'; name: string; arguments: CallArgument[] };

export interface CallArgument {
  name: string;
  value: string | number;
}

/** One problem of a skill. */
export interface Problem {
  /** Identity for the held-out split: problems with the same key are on the same side. */
  key: string;
  prompt: string;
  /** Answers in the model's own words; all are right. */
  answers: string[];
  /** What the scorer compares with. */
  answer: unknown;
  /** Further columns of a benchmark item (choices, parameters). */
  fields?: Record<string, unknown>;
  core?: Core;
}

/** A skill with the scorer that judges it. */
export interface Skill {
  name: string;
  title: string;
  scorer: string;
  /** Score of guessing, 0..1. */
  chance: number;
  /** Longest answer worth waiting for, in tokens. */
  maxTokens: number;
  draw(random: Random): Problem;
}

/** Uniform choice from a list. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

/** Integer in [low, high]. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}

/** True with the given probability. */
export function chance(random: Random, probability: number): boolean {
  return random() < probability;
}

/** `count` different members of a list, in random order. */
export function pickSeveral<T>(random: Random, list: readonly T[], count: number): T[] {
  const pool = [...list];
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (pool.length - i));
    [pool[i], pool[j]] = [pool[j]!, pool[i]!];
  }
  return pool.slice(0, count);
}

/** Share of a skill's problem keys that never enters training. */
const heldOutShare = 0.15;

/** Whether a problem is held out from training, by a hash of its key: the same in every build. */
export function isHeldOut(skill: string, key: string): boolean {
  return (hashSeed('held-out', skill, key) % 10_000) / 10_000 < heldOutShare;
}

/** Draws until a problem falls on the wanted side of the split. */
export function drawFrom(skill: Skill, side: 'train' | 'held-out', random: Random): Problem {
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const problem = skill.draw(random);
    if (isHeldOut(skill.name, problem.key) === (side === 'held-out')) return problem;
  }
  throw new Error(`skill ${skill.name} has no ${side} problems`);
}

/** The turns before the answer. */
export function messagesOf(problem: Problem): Message[] {
  return [{ role: 'user', content: problem.prompt }];
}
