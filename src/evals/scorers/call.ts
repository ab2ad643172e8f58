// The two OpenFunctions scorers (methods 6.4): `call` compares calls by meaning, `openfunctions_contains` is the text
// comparison of the SDFT release (arXiv 2402.13669), which depends on argument order and spelling.
import { phrase } from '../../shared/phrase.ts';
import type { Phrase } from '../../shared/phrase.ts';
import { findCalls, parseCall, type PythonCall } from '../pythonCall.ts';
import { verdict, type Scorer, type ScorerItem, type Verdict } from '../scorer.ts';
import { readSignature } from './callSignature.ts';
import { compareCalls, type CallComparison } from './compareCalls.ts';
import { acceptedTexts, checkTexts, wholeWords } from './words.ts';

/** The reference calls of an item, or why they cannot be read. */
function goldCalls(answer: unknown): PythonCall[] | { problem: Phrase } {
  const texts = acceptedTexts(answer);
  if (!texts) return { problem: phrase('it is not a text') };
  const calls: PythonCall[] = [];
  for (const text of texts) {
    const reading = parseCall(text);
    if ('problem' in reading) return { problem: phrase('{0} at character {1}', reading.problem, reading.at + 1) };
    calls.push(reading.call);
  }
  return calls;
}

const noCall = phrase('no call in the output');

/** The comparison with the reference that comes closest. */
function closest(golds: readonly PythonCall[], predicted: PythonCall, item: ScorerItem): CallComparison | undefined {
  const rank = (c: CallComparison): number =>
    Number(c.strict) * 8 + Number(c.lenient) * 4 + Number(c.name) * 2 + c.argumentF1;
  const signature = readSignature(item.fields);
  const comparisons = golds.map((gold) => compareCalls(gold, predicted, signature));
  return comparisons.sort((a, b) => rank(b) - rank(a))[0];
}

function judgeCall(output: string, item: ScorerItem): Verdict {
  const golds = goldCalls(item.answer);
  if ('problem' in golds) {
    return verdict(false, false, { reason: phrase('the reference cannot be read as a call: {0}', golds.problem) });
  }
  const calls = findCalls(output);
  const [first] = calls;
  const judged = first && closest(golds, first, item);
  if (!first || !judged) {
    const rates = { call_name: 0, call_argument_f1: 0 };
    return { ...verdict(false, false, { reason: noCall }), rates };
  }
  const wanted = new Set(golds.map((gold) => gold.name));
  const named = calls.find((call) => wanted.has(call.name));
  const lenient = named !== undefined && closest(golds, named, item)?.lenient === true;
  return {
    ...verdict(judged.strict, lenient, { extracted: first.name, reason: judged.difference }),
    rates: { call_name: judged.name ? 1 : 0, call_argument_f1: judged.argumentF1 },
  };
}

export const call: Scorer = {
  id: 'call',
  title: 'Function call',
  description:
    'The answer is a call such as f.g(a="x", n=2), or a list of accepted ones. Strict: the first call in the output ' +
    'has the same name and the same arguments; numbers compare by value, texts without ' +
    'regard to case and blanks, bare words as texts. Lenient: the first call of the right name, where arguments that ' +
    'are not required may be missing or added. "required" and "parameters" come from the item, if declared.',
  kind: 'generate',
  version: 1,
  check(item) {
    const golds = goldCalls(item.answer);
    if (!('problem' in golds)) return undefined;
    return phrase('"answer" must be a call such as f.g(a="x"): {0}', golds.problem);
  },
  judge: judgeCall,
};

/** Single blanks, double quotes, no blank behind a comma. */
function canonical(text: string): string {
  return text.replace(/\s+/gu, ' ').replace(/'/g, '"').replace(/, /g, ',').trim();
}

export const openfunctionsContains: Scorer = {
  id: 'openfunctions_contains',
  title: 'OpenFunctions text match',
  description:
    'Strict: the answer stands in the output word for word after blanks are collapsed, single quotes become double ' +
    'quotes and blanks behind commas go (the check of arXiv 2402.13669; argument order and spelling matter). ' +
    'Lenient: the same without any blanks and without regard to case.',
  kind: 'generate',
  version: 1,
  check: checkTexts,
  judge(output, item) {
    const golds = acceptedTexts(item.answer)?.map(canonical);
    if (!golds) return verdict(false, false, { reason: phrase('the reference is not a text') });
    const text = canonical(output);
    const found = golds.find((gold) => wholeWords(gold).test(text));
    const loose = (part: string): string => part.replace(/\s/gu, '').toLowerCase();
    const lenient = found !== undefined || golds.some((gold) => loose(text).includes(loose(gold)));
    const parsed = /[\p{L}\p{N}_]\(/u.test(text);
    const reason = parsed ? phrase('the output does not contain the call') : noCall;
    return verdict(found !== undefined, lenient, { extracted: found, reason, parsed });
  },
};
