// Where a row's JSON is broken. The runtime says so for some faults only: of an unexpected token it quotes the surroundings.
import { parse, type ParseError } from 'jsonc-parser';

/** Longer rows are not searched: that would keep everybody else waiting. */
const mostSearched = 1 << 20;

/** Offset of the fault in a text that `JSON.parse` refused with `reason`; 0 where it is not known. */
export function jsonFault(text: string, reason: string): number {
  // At the end of the message only: before it may stand a quotation from the row.
  const told = / in JSON at position (\d+)( \(line \d+ column \d+\))?$/.exec(reason)?.[1];
  const offset = told === undefined ? searched(text) : Number(told);
  // What is missing at the end is missing after the last visible character.
  return Math.max(0, Math.min(offset, text.trimEnd().length - 1));
}

function searched(text: string): number {
  if (text.length > mostSearched) return 0;
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  return errors[0]?.offset ?? 0;
}
