// Where an answer as the dataset has it lies in the text that is scored, which a chat template writes. Offsets are UTF-16
// units.

/**
 * Where the answer's own text lies in the text that is scored: `from` in the answer corresponds to `at` in the scored
 * text, for `length` units. Templates may trim the answer, write before and behind it, or keep only its end.
 */
export interface Alignment {
  from: number;
  at: number;
  length: number;
}

/** Aligns; undefined when the template has written something else altogether. */
export function alignAnswer(answer: string, scored: string): Alignment | undefined {
  // The last place: what a template writes before the answer may hold a short one too.
  const whole = scored.lastIndexOf(answer);
  if (whole >= 0) return { from: 0, at: whole, length: answer.length };
  const trimmed = answer.trim();
  const lead = answer.length - answer.trimStart().length;
  const at = scored.lastIndexOf(trimmed);
  if (at >= 0) return { from: lead, at, length: trimmed.length };
  return alignEnd(trimmed, lead, scored) ?? alignBeginning(trimmed, lead, scored);
}

/** The place in the answer of an offset in the scored text. */
export function placeInAnswer({ from, at, length }: Alignment, offset: number): number {
  return from + Math.min(Math.max(offset - at, 0), length);
}

/** The longest end of the answer that is there (a thought before the answer was left out). */
function alignEnd(answer: string, lead: number, scored: string): Alignment | undefined {
  const length = longest(answer.length, (size) => scored.includes(answer.slice(answer.length - size)));
  if (length < leastShare * answer.length || length === 0) return undefined;
  const part = answer.slice(answer.length - length);
  return { from: lead + answer.length - length, at: scored.lastIndexOf(part), length };
}

function alignBeginning(answer: string, lead: number, scored: string): Alignment | undefined {
  const length = longest(answer.length, (size) => scored.includes(answer.slice(0, size)));
  if (length < leastShare * answer.length || length === 0) return undefined;
  return { from: lead, at: scored.indexOf(answer.slice(0, length)), length };
}

/** Less in common is a coincidence. */
const leastShare = 0.25;

/** The largest size for which a test holds that holds for every smaller one. */
function longest(most: number, holds: (size: number) => boolean): number {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
