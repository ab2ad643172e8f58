// `json_answer`: an answer inside a JSON object with a given key (methods 5.9). Its rates tell a forgotten format from a
// forgotten skill: compare value_given_schema with value_ignoring_format.
import { jsonLevels, type JsonType } from '../../metrics/format.ts';
import { phrase } from '../../shared/phrase.ts';
import { verdict, type Scorer } from '../scorer.ts';

/** The reference: the required key and its right value. */
function expected(answer: unknown): { key: string; value: unknown; type: JsonType } | undefined {
  if (typeof answer !== 'object' || answer === null || !('key' in answer) || !('value' in answer)) return undefined;
  const { key, value } = answer;
  return typeof key === 'string' && key !== '' ? { key, value, type: jsonType(value) } : undefined;
}

function jsonType(value: unknown): JsonType {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return type === 'string' || type === 'number' || type === 'boolean' ? type : 'object';
}

export const jsonAnswer: Scorer = {
  id: 'json_answer',
  title: 'JSON answer',
  description:
    'The answer is {"key": ..., "value": ...}. Strict: the whole output is a JSON object with exactly this key, of the ' +
    'right type, and the right value. Lenient: the first JSON object in the output is. Rates: json_strict, json_lenient ' +
    'and json_schema (the form alone), value_given_schema (only outputs with the right form), value_ignoring_format ' +
    '(the value appears anywhere).',
  kind: 'generate',
  version: 1,
  check: (item) => (expected(item.answer) ? undefined : phrase('"answer" must be {"key": text, "value": ...}')),
  judge(output, item) {
    const wanted = expected(item.answer);
    if (!wanted) return verdict(false, false, { reason: phrase('the reference names no key and value') });
    const { key, value, type } = wanted;
    const levels = jsonLevels(output, { keys: [{ name: key, type }], answer: { key, value } });
    const share = (yes: boolean): number => (yes ? 1 : 0);
    const reason = !levels.strict
      ? phrase('the output is not JSON and nothing else')
      : levels.schema
        ? phrase('the value is wrong')
        : phrase('the object does not have exactly the key {0} with a value of type {1}', key, type);
    return {
      ...verdict(levels.strict && levels.valueCorrect, levels.valueCorrect, { parsed: levels.strict, reason }),
      rates: {
        json_strict: share(levels.strict),
        json_lenient: share(levels.lenient),
        json_schema: share(levels.schema),
        ...(levels.schema ? { value_given_schema: share(levels.valueCorrect) } : {}),
        value_ignoring_format: share(levels.valueIgnoringFormat),
      },
    };
  },
};
