// What the rates of a measurement are called. The ids stand in records; people read these words.
import { phrase } from './phrase.ts';
import type { Words } from './phrase.ts';

const names: Readonly<Record<string, Words>> = {
  rp4: phrase('share of repeated four-word sequences'),
  unfinished: phrase('unfinished answers'),
  too_long: phrase('prompts too long for the model'),
  call_name: phrase('calls of the right function'),
  call_argument_f1: phrase('agreement of the arguments (F1)'),
  json_strict: phrase('answers that are nothing but JSON'),
  json_lenient: phrase('answers with JSON in them'),
  json_schema: phrase('answers of the required form'),
  value_given_schema: phrase('right values among answers of the required form'),
  value_ignoring_format: phrase('right values, whatever the form'),
  refusal: phrase('refusals'),
  gibberish: phrase('unreadable answers'),
  answered: phrase('answers without a refusal'),
};

/** A rate in words; an id that is not known stays as it is. */
export function rateName(id: string): Words {
  return Object.hasOwn(names, id) ? (names[id] ?? id) : id;
}
