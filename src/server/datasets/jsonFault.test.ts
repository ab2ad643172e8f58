import { describe, expect, it } from 'vitest';
import { readRowText } from '../../data/readRows.ts';
import { inEnglish } from '../../shared/phrase.ts';
import { jsonFault } from './jsonFault.ts';

/** The text with a mark before the fault. */
function marked(text: string): string {
  const read = readRowText(text);
  if (!('reason' in read)) throw new Error('the row is valid');
  const at = jsonFault(text, inEnglish(read.reason));
  return `${text.slice(0, at)}>${text.slice(at)}`;
}

describe('the place of a fault in JSON', () => {
  it.each([
    ['{"question": oops}', '{"question": >oops}'],
    ['{"a": 1, "b": tru}', '{"a": 1, "b": >tru}'],
    ['{"a": "é中", "b": }', '{"a": "é中", "b": >}'],
    ['{"a": [1, 2}', '{"a": [1, 2>}'],
    ["{'a': 1}", "{>'a': 1}"],
    ['{"a": 1,}', '{"a": 1,>}'],
    ['{"a": "x" "b": 2}', '{"a": "x" >"b": 2}'],
    ['{"a": "\\x"}', '{"a": "\\>x"}'],
    ['{"a": 1} x', '{"a": 1} >x'],
    ['{"a":\n  oops}', '{"a":\n  >oops}'],
    // Broken off: at the last visible character.
    ['{"a": "b"', '{"a": "b>"'],
    ['{"a":  ', '{"a">:  '],
    // A quotation in the message that looks like its end.
    ['{"b":0, "a": x in JSON at position 3', '{"b":0, "a": >x in JSON at position 3'],
  ])('%j', (text, expected) => expect(marked(text)).toBe(expected));

  it('is the beginning of a row too long to be searched', () => {
    expect(marked(`{"a": "${'x'.repeat(1 << 20)}", "b": oops}`)).toMatch(/^>/);
  });
});
