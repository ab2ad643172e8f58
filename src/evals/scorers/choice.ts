// `choice`: classification by naming a label (methods 6.5). The labels of an item are its `choices`.
import { phrase } from '../../shared/phrase.ts';
import { verdict, type Scorer, type ScorerItem } from '../scorer.ts';
import { normalize, wholeWords } from './words.ts';

/** The choices that a text names, in order of appearance. Where labels overlap, the longest one is meant. */
function namedChoices(text: string, choices: readonly string[]): string[] {
  const byLength = [...choices].sort((a, b) => b.length - a.length);
  const named: { at: number; choice: string }[] = [];
  let rest = text;
  for (const choice of byLength) {
    const pattern = new RegExp(wholeWords(choice).source, 'gu');
    rest = rest.replace(pattern, (match, offset: number) => {
      named.push({ at: offset, choice });
      return '\u0000'.repeat(match.length);
    });
  }
  return named.sort((a, b) => a.at - b.at).map((entry) => entry.choice);
}

/** The item's labels and right label in normal form. */
function labels(item: ScorerItem): { choices: string[]; right: string } | undefined {
  const { choices } = item.fields;
  if (!Array.isArray(choices) || typeof item.answer !== 'string') return undefined;
  const texts = choices.filter((choice): choice is string => typeof choice === 'string').map(normalize);
  const right = normalize(item.answer);
  const usable = texts.length === choices.length && texts.length >= 2 && new Set(texts).size === texts.length;
  return usable && !texts.includes('') && texts.includes(right) ? { choices: texts, right } : undefined;
}

export const choice: Scorer = {
  id: 'choice',
  title: 'Choice of a label',
  description:
    'Strict: the output names exactly one of the choices, and it is the right one. Lenient: the first choice that the ' +
    'output names is the right one. Case does not matter; a negated label ("not good") counts as named.',
  kind: 'generate',
  version: 1,
  check: (item) =>
    labels(item)
      ? undefined
      : phrase('"choices" must list two or more different texts and "answer" must be one of them'),
  judge(output, item) {
    const known = labels(item);
    if (!known) return verdict(false, false, { reason: phrase('the reference is not one of the choices') });
    const named = namedChoices(normalize(output), known.choices);
    const [first, ...others] = new Set(named);
    if (first === undefined) return verdict(false, false, { reason: phrase('the output names none of the choices') });
    if (others.length > 0)
      return verdict(false, first === known.right, { reason: phrase('the output names several choices') });
    const right = first === known.right;
    return verdict(right, right, {
      extracted: first,
      reason: phrase('the output names {0}, not {1}', first, known.right),
    });
  },
};
