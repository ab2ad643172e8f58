// The second language: a small grammar with words of its own and number agreement between article, noun and verb. It
// is learned from raw text and tested with minimal pairs (methods 10.1).
import { between, chance, pick, type Random } from './skill.ts';

type Grammar = 'singular' | 'plural';

const nouns = ['zul', 'mokr', 'vek', 'tirg', 'gop', 'narf', 'bliz', 'drum'] as const;
const verbs = ['skot', 'brim', 'plav', 'krun', 'yelt', 'fosk'] as const;
const adjectives = ['wob', 'hux', 'jirr', 'quel', 'smod'] as const;
const adverbs = ['iwu', 'omp', 'ezzo'] as const;

const article: Record<Grammar, string> = { singular: 'ka', plural: 'kuni' };
const nounEnding: Record<Grammar, string> = { singular: 'a', plural: 'oi' };
const verbEnding: Record<Grammar, string> = { singular: 'et', plural: 'ux' };
const other: Record<Grammar, Grammar> = { singular: 'plural', plural: 'singular' };

function nounPhrase(random: Random, number: Grammar): string {
  const adjective = chance(random, 0.35) ? ` ${pick(random, adjectives)}i` : '';
  return `${article[number]} ${pick(random, nouns)}${nounEnding[number]}${adjective}`;
}

/** A sentence, and the same sentence with the verb in the wrong number. */
export function drawMinimalPair(random: Random): { good: string; bad: string } {
  const number: Grammar = chance(random, 0.5) ? 'singular' : 'plural';
  const subject = nounPhrase(random, number);
  const verb = pick(random, verbs);
  const object = chance(random, 0.6) ? ` ${nounPhrase(random, chance(random, 0.5) ? 'singular' : 'plural')}` : '';
  const adverb = chance(random, 0.3) ? ` ${pick(random, adverbs)}` : '';
  const sentence = (agreement: Grammar): string => `${subject} ${verb}${verbEnding[agreement]}${object}${adverb} .`;
  return { good: sentence(number), bad: sentence(other[number]) };
}

/** Three to five grammatical sentences. */
export function drawText(random: Random): string {
  return Array.from({ length: between(random, 3, 5) }, () => drawMinimalPair(random).good).join(' ');
}
