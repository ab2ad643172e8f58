// Sentences that are made where nobody knows the reader's language: an English text with places for values. The command
// line and written reports render it in English; the editor renders it by its own translations, of which the English text
// is the key.

/** `{0}`, `{1}`... in `text` stand for the values. */
export interface Phrase {
  text: string;
  values: readonly (string | number | Phrase)[];
  /** Begins a sentence: its first letter is a capital. */
  capital?: true;
}

/** What people read: a phrase, or words that are data (a name, an error as the command line prints it). */
export type Words = string | Phrase;

/** A text in the reader's language, filled in. */
export type Translation = (text: string, ...values: (string | number)[]) => string;

/** `text` must be a literal: a test looks for its translation. */
export function phrase(text: string, ...values: Phrase['values']): Phrase {
  return { text, values };
}

/** A text that is declared once and shown in many places (a title, a description): the whole of it is translated. */
export function declared(text: string): Phrase {
  return { text, values: [] };
}

/** The template with its values; what a value holds is not read as a template again. */
export function fillIn(text: string, values: readonly (string | number)[]): string {
  return text.replace(/\{(\d+)\}/g, (whole, index: string) => String(values[Number(index)] ?? whole));
}

/** Words in the reader's language. */
export function say(words: Words, translation: Translation): string {
  if (typeof words === 'string') return words;
  const values = words.values.map((value) => (typeof value === 'object' ? say(value, translation) : value));
  const said = translation(words.text, ...values);
  return words.capital ? said.charAt(0).toUpperCase() + said.slice(1) : said;
}

/** Words as the command line prints them. */
export function inEnglish(words: Words): string {
  return say(words, (text, ...values) => fillIn(text, values));
}

/** The phrase with a capital at the beginning. */
export function capital(words: Phrase): Phrase {
  return { ...words, capital: true };
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(parts: readonly (string | Phrase)[]): Words {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : phrase('{0} and {1}', joined(parts.slice(0, -1)), last);
}

/** `a, b, c`. */
export function joined(parts: readonly (string | Phrase)[]): Words {
  const [first = '', ...others] = parts;
  return others.reduce<Words>((before, part) => phrase('{0}, {1}', before, part), first);
}

/** `a · b · c`. */
export function joinedByDot(parts: readonly (string | Phrase)[]): Words {
  const [first = '', ...others] = parts;
  return others.reduce<Words>((before, part) => phrase('{0} · {1}', before, part), first);
}

/** `a; b; c`. */
export function joinedBySemicolon(parts: readonly (string | Phrase)[]): Words {
  const [first = '', ...others] = parts;
  return others.reduce<Words>((before, part) => phrase('{0}; {1}', before, part), first);
}
