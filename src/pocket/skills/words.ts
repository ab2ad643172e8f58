// The small vocabulary that the skills share. Few words, so that a model of a million parameters knows all of them well.

import type { Random } from './skill.ts';

export const people = ['Tom', 'Anna', 'Ben', 'Lily', 'Max', 'Eva', 'Sam', 'Mia', 'Leo', 'Ida'] as const;
export const things = ['key', 'book', 'ball', 'cup', 'hat', 'pen', 'map', 'bag', 'coin', 'ring'] as const;
export const whereabouts = [
  'upstairs',
  'downstairs',
  'outside',
  'indoors',
  'nearby',
  'away',
  'home',
  'abroad',
] as const;
export const rooms = ['kitchen', 'bedroom', 'garden', 'office', 'hall', 'garage', 'bathroom', 'attic'] as const;
export const foods = ['soup', 'tea', 'rice', 'cake', 'bread', 'fish', 'salad', 'coffee'] as const;
export const cities = ['Paris', 'Rome', 'Tokyo', 'Berlin', 'Oslo', 'Lima', 'Cairo', 'Delhi'] as const;
export const music = ['jazz', 'rock', 'piano', 'opera', 'folk', 'blues'] as const;

/** Openers that may stand before an answer without changing it. */
export const openers = ['Sure. ', 'Okay. ', 'Of course. ', 'Let me see. '] as const;

/** Each answer as it is, and with openers: spare entropy, as a real model has it. */
export function withOpeners(answers: readonly string[], random: Random): string[] {
  const opener = openers[Math.floor(random() * openers.length)]!;
  return [...answers, ...answers.slice(0, Math.max(1, Math.floor(answers.length / 2))).map((text) => opener + text)];
}

/** Words of every kind, for skills that copy. Some occur nowhere else in the base corpus. */
export const copiedWords = [
  ...people,
  ...things,
  ...whereabouts,
  ...rooms,
  ...foods,
  ...['reserve', 'ride', 'meal', 'share', 'guest', 'target', 'slot', 'repeat', 'move', 'trip', 'start', 'event'],
] as const;
