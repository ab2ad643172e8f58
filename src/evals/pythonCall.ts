// A small reader for Python-style call expressions, as tool-calling models write them: `a.b(x, y="z", n=[1, 2])`. It
// builds a plain value tree and evaluates nothing. Some things that are not Python are read because gold answers contain
// them (methods 6.4): JSON's true/false/null, <placeholder> words, and unquoted texts such as i-1234 or a@b.org.
// Operators, comprehensions and subscripts are not read: a call that uses them counts as unreadable.
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';

/** A literal or nested call. `name` is a bare, possibly dotted word; scorers compare it like a string. */
export type PythonValue =
  | { kind: 'string'; value: string }
  | { kind: 'number'; value: number | bigint }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'none' }
  | { kind: 'name'; value: string }
  | { kind: 'list' | 'tuple' | 'set'; items: PythonValue[] }
  | { kind: 'dict'; entries: [PythonValue, PythonValue][] }
  | { kind: 'call'; call: PythonCall };

/** One call: dotted name, positional arguments in order, keyword arguments in order of appearance. */
export interface PythonCall {
  name: string;
  positional: PythonValue[];
  keywords: Map<string, PythonValue>;
}

/** What reading gave: the call and the offset behind it, or what went wrong and where (UTF-16 offset). */
export type CallReading = { call: PythonCall; end: number } | { problem: Phrase; at: number };

/** Deeper nesting than this is refused, so that hostile text cannot exhaust the stack. */
const MAX_DEPTH = 64;

/** Reads one call expression that starts at `start` (leading blanks allowed); text behind it is left alone. */
export function readCall(text: string, start = 0): CallReading {
  const reader = new Reader(text, start);
  try {
    const call = reader.outerCall();
    return { call, end: reader.at };
  } catch (error) {
    if (error instanceof Failure) return { problem: error.words, at: error.at };
    throw error;
  }
}

/** Reads a text that is one call expression and nothing else. */
export function parseCall(text: string): CallReading {
  const reading = readCall(text);
  if ('problem' in reading || text.slice(reading.end).trim() === '') return reading;
  return { problem: phrase('text follows the call'), at: reading.end };
}

/**
 * Every outermost call in free text, in order of appearance; code fences and assignments around a call are passed over.
 * Within a longer text a name counts as called only when the bracket follows it directly, so that "the function (see
 * below)" is not a call. A call that the end of the text cuts off ends the search.
 */
export function findCalls(text: string): PythonCall[] {
  const whole = parseCall(text);
  if ('call' in whole) return [whole.call];
  const calls: PythonCall[] = [];
  const opening = /(?<![\p{L}\p{N}_.])[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*\(/gu;
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const reading = readCall(text, match.index);
    if ('call' in reading) {
      calls.push(reading.call);
      opening.lastIndex = reading.end;
    } else if (reading.at >= text.length) {
      break;
    }
  }
  return calls;
}

class Failure extends Error {
  readonly words: Phrase;
  readonly at: number;
  constructor(words: Phrase, at: number) {
    super(words.text);
    this.words = words;
    this.at = at;
  }
}

const WORD = /[\p{L}_][\p{L}\p{N}_]*(?:\s*\.\s*[\p{L}_][\p{L}\p{N}_]*)*/uy;
/** What turns a word into an unquoted text: further parts behind "-" or "@". */
const UNQUOTED_REST = /[-@][\p{L}\p{N}_]+(?:[-@.][\p{L}\p{N}_]+)*(?!\s*\()/uy;
const KEYWORD = /([\p{L}_][\p{L}\p{N}_]*)\s*=(?!=)/uy;
const NUMBER =
  /[+-]?\s*(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y;
const STRING_START = /([rRbBuUfF]{0,2})("""|'''|"|')/y;
const PLACEHOLDER = /<[\p{L}_][\p{L}\p{N}_ .-]*>/uy;
const BLANK = /(?:\s|#[^\n]*(?:\n|$))*/y;

/** Recursive descent over one text; `at` is the next unread offset. */
class Reader {
  private readonly text: string;
  at: number;
  private depth = 0;

  constructor(text: string, start: number) {
    this.text = text;
    this.at = start;
  }

  outerCall(): PythonCall {
    this.skipBlank();
    const name = this.match(WORD);
    if (!name) throw this.failure(phrase('expected a function name'));
    this.skipBlank();
    if (this.peek() !== '(') throw this.failure(phrase('expected "(" after the function name'));
    return this.callArguments(dotted(name[0]));
  }

  private callArguments(name: string): PythonCall {
    const call: PythonCall = { name, positional: [], keywords: new Map() };
    this.sequence('(', ')', () => {
      const keyword = this.match(KEYWORD)?.[1];
      if (keyword === undefined) {
        if (call.keywords.size > 0) throw this.failure(phrase('a positional argument follows a keyword argument'));
        call.positional.push(this.value());
        return;
      }
      if (call.keywords.has(keyword)) throw this.failure(phrase('the keyword {0} appears twice', keyword));
      call.keywords.set(keyword, this.value());
    });
    return call;
  }

  private value(): PythonValue {
    this.skipBlank();
    const next = this.peek();
    if (next === '[') return this.list();
    if (next === '(') return this.parenthesised();
    if (next === '{') return this.braces();
    const string = this.strings();
    if (string !== undefined) return { kind: 'string', value: string };
    const number = this.match(NUMBER);
    if (number) return this.number(number[0]);
    const word = this.match(WORD);
    if (word) return this.word(dotted(word[0]));
    const placeholder = this.match(PLACEHOLDER);
    if (placeholder) return { kind: 'name', value: placeholder[0] };
    throw this.failure(phrase('expected a value'));
  }

  private list(): PythonValue {
    const items: PythonValue[] = [];
    this.sequence('[', ']', () => items.push(this.value()));
    return { kind: 'list', items };
  }

  /** `(x)` is x; `()`, `(x,)` and `(x, y)` are tuples. */
  private parenthesised(): PythonValue {
    const items: PythonValue[] = [];
    const trailingComma = this.sequence('(', ')', () => items.push(this.value()));
    const [only] = items;
    return items.length === 1 && only !== undefined && !trailingComma ? only : { kind: 'tuple', items };
  }

  /** `{}` and `{k: v}` are dicts; `{x, y}` is a set. */
  private braces(): PythonValue {
    const entries: [PythonValue, PythonValue][] = [];
    const items: PythonValue[] = [];
    this.sequence('{', '}', () => {
      const key = this.value();
      this.skipBlank();
      if (this.peek() !== ':') {
        items.push(key);
        return;
      }
      this.at++;
      entries.push([key, this.value()]);
    });
    if (items.length > 0 && entries.length > 0) throw this.failure(phrase('a dict entry without a value'));
    return items.length > 0 ? { kind: 'set', items } : { kind: 'dict', entries };
  }

  /** Comma-separated elements between brackets; returns whether a comma stood before the closing one. */
  private sequence(open: string, close: string, element: () => void): boolean {
    this.expect(open);
    if (++this.depth > MAX_DEPTH) throw this.failure(phrase('nested too deeply'));
    let trailingComma = false;
    for (let first = true; ; first = false) {
      this.skipBlank();
      if (this.peek() === close) break;
      if (!first && !trailingComma) throw this.failure(phrase('expected "," or "{0}"', close));
      element();
      this.skipBlank();
      trailingComma = this.peek() === ',';
      if (trailingComma) this.at++;
    }
    this.at++;
    this.depth--;
    return trailingComma;
  }

  /** One or more adjacent string literals, which Python joins. */
  private strings(): string | undefined {
    let joined: string | undefined;
    for (let start = this.match(STRING_START); start; start = this.match(STRING_START)) {
      const [, prefix = '', quote = '"'] = start;
      joined = (joined ?? '') + this.stringBody(quote, /r/i.test(prefix));
      this.skipBlank();
    }
    return joined;
  }

  private stringBody(quote: string, raw: boolean): string {
    let value = '';
    while (!this.text.startsWith(quote, this.at)) {
      const char = this.peek();
      if (char === '') throw this.failure(phrase('a string is not closed'));
      if (char === '\n' && quote.length === 1) throw this.failure(phrase('a string is not closed on its line'));
      if (char !== '\\') {
        value += char;
        this.at++;
      } else if (raw) {
        value += this.text.slice(this.at, this.at + 2);
        this.at += 2;
      } else {
        value += this.escape();
      }
    }
    this.at += quote.length;
    return value;
  }

  private escape(): string {
    const code = this.match(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}))/y);
    if (code) return String.fromCodePoint(parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16));
    const octal = this.match(/\\([0-7]{1,3})/y);
    if (octal) return String.fromCodePoint(parseInt(octal[1] ?? '', 8));
    const char = this.text.charAt(this.at + 1);
    this.at += 2;
    // Python keeps the backslash of an escape it does not know.
    return SIMPLE_ESCAPES.get(char) ?? `\\${char}`;
  }

  private number(text: string): PythonValue {
    const digits = text.replace(/[\s_]/g, '');
    const unsigned = digits.replace(/^[+-]/, '');
    const sign = digits.startsWith('-') ? -1 : 1;
    const value = sign * Number(unsigned);
    if (/^(?:\d+|0[xXoObB].*)$/.test(unsigned) && !Number.isSafeInteger(value)) {
      return { kind: 'number', value: BigInt(sign) * BigInt(unsigned) };
    }
    return { kind: 'number', value };
  }

  private word(word: string): PythonValue {
    const rest = this.match(UNQUOTED_REST);
    if (rest) return { kind: 'name', value: word + rest[0] };
    if (word === 'True' || word === 'true') return { kind: 'boolean', value: true };
    if (word === 'False' || word === 'false') return { kind: 'boolean', value: false };
    if (word === 'None' || word === 'null') return { kind: 'none' };
    const start = this.at;
    this.skipBlank();
    if (this.peek() === '(') return { kind: 'call', call: this.callArguments(word) };
    this.at = start;
    return { kind: 'name', value: word };
  }

  private expect(char: string): void {
    if (this.peek() !== char) throw this.failure(phrase('expected "{0}"', char));
    this.at++;
  }

  private peek(): string {
    return this.text.charAt(this.at);
  }

  private skipBlank(): void {
    this.match(BLANK);
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.at = pattern.lastIndex;
    return match;
  }

  private failure(words: Phrase): Failure {
    return new Failure(words, this.at);
  }
}

const SIMPLE_ESCAPES = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['a', '\u0007'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['\n', ''],
]);

function dotted(name: string): string {
  return name.replace(/\s/g, '');
}
