import { describe, expect, it } from 'vitest';
import { inEnglish } from '../shared/phrase.ts';
import { findCalls, parseCall, readCall, type PythonValue } from './pythonCall.ts';

/** The argument tree of `f(<source>)` as plain data, for short expectations. */
function argument(source: string): unknown {
  const reading = parseCall(`f(${source})`);
  if ('problem' in reading) throw new Error(`${inEnglish(reading.problem)} at ${reading.at}`);
  const [value] = reading.call.positional;
  if (!value) throw new Error('no argument');
  return plain(value);
}

function plain(value: PythonValue): unknown {
  switch (value.kind) {
    case 'string':
    case 'number':
    case 'boolean':
      return value.value;
    case 'none':
      return null;
    case 'name':
      return { name: value.value };
    case 'list':
    case 'tuple':
    case 'set':
      return { [value.kind]: value.items.map(plain) };
    case 'dict':
      return { dict: value.entries.map(([key, entry]) => [plain(key), plain(entry)]) };
    case 'call':
      return { call: value.call.name, positional: value.call.positional.map(plain) };
  }
}

function problem(text: string): { problem: string; at: number } | undefined {
  const reading = parseCall(text);
  return 'problem' in reading ? { problem: inEnglish(reading.problem), at: reading.at } : undefined;
}

const names = (text: string): string[] => findCalls(text).map((call) => call.name);

describe('parseCall', () => {
  it('reads a dotted name with positional and keyword arguments in order', () => {
    const reading = parseCall(' a.b_2 . c(1, "x", key = 2, other=[3],) ');
    if ('problem' in reading) throw new Error(inEnglish(reading.problem));
    expect(reading.call.name).toBe('a.b_2.c');
    expect(reading.call.positional.map(plain)).toEqual([1, 'x']);
    expect([...reading.call.keywords].map(([key, value]) => [key, plain(value)])).toEqual([
      ['key', 2],
      ['other', { list: [3] }],
    ]);
  });

  it.each([
    [`'it''s'`, 'its'],
    [`"Italiano's"`, "Italiano's"],
    [`'say \\'hi\\''`, "say 'hi'"],
    [`"a\\tb\\nc\\\\"`, 'a\tb\nc\\'],
    [`"\\x41\\u00e9\\U0001F600\\101"`, 'Aé😀A'],
    [`"\\q"`, '\\q'],
    [`r"\\d+"`, '\\d+'],
    [`f'x'`, 'x'],
    [`"""two\n"lines" """`, 'two\n"lines" '],
    [`"one " 'two'`, 'one two'],
    [`"北京 (a, b)"`, '北京 (a, b)'],
    [`"# no comment"`, '# no comment'],
  ])('reads the string %s', (source, value) => {
    expect(argument(source)).toBe(value);
  });

  it.each([
    ['42', 42],
    ['-3', -3],
    ['+1.50', 1.5],
    ['.5', 0.5],
    ['2.', 2],
    ['1e-3', 0.001],
    ['1_000_000', 1000000],
    ['0x1F', 31],
    ['-0b101', -5],
    ['12345678901234567890', 12345678901234567890n],
    ['True', true],
    ['false', false],
    ['None', null],
    ['null', null],
  ])('reads %s', (source, value) => {
    expect(argument(source)).toBe(value);
  });

  it.each([
    ['[1, [2], ]', { list: [1, { list: [2] }] }],
    ['()', { tuple: [] }],
    ['(1,)', { tuple: [1] }],
    ['(1)', 1],
    ['(1, "a")', { tuple: [1, 'a'] }],
    ['{}', { dict: [] }],
    [
      '{"a": 1, b: {2: None}}',
      {
        dict: [
          ['a', 1],
          [{ name: 'b' }, { dict: [[2, null]] }],
        ],
      },
    ],
    ['{1, 2}', { set: [1, 2] }],
    ['Berkeley', { name: 'Berkeley' }],
    ['pa.int64', { name: 'pa.int64' }],
    ['i-12345678', { name: 'i-12345678' }],
    ['jane@mail.example.com', { name: 'jane@mail.example.com' }],
    ['Trueish', { name: 'Trueish' }],
    ['<session_token>', { name: '<session_token>' }],
    ['pa.list_(pa.int8(), 3)', { call: 'pa.list_', positional: [{ call: 'pa.int8', positional: [] }, 3] }],
    ['[ # a comment, ]\n 1]', { list: [1] }],
  ])('reads %s', (source, value) => {
    expect(argument(source)).toEqual(value);
  });

  it.each([
    ['', 'expected a function name', 0],
    ['f', 'expected "(" after the function name', 1],
    ['f(1', 'expected "," or ")"', 3],
    ['f(1 2)', 'expected "," or ")"', 4],
    ['f(, 1)', 'expected a value', 2],
    ['f(a=)', 'expected a value', 4],
    ['f(a=1, 2)', 'a positional argument follows a keyword argument', 7],
    ['f(a=1, a=2)', 'the keyword a appears twice', 9],
    ['f("abc', 'a string is not closed', 6],
    ['f("ab\nc")', 'a string is not closed on its line', 5],
    ['f([1)', 'expected "," or "]"', 4],
    ['f({1: 2, 3})', 'a dict entry without a value', 11],
    ['f(date=2023-10-24)', 'expected "," or ")"', 11],
    ['f(a - b)', 'expected "," or ")"', 4],
    ['f(x-g(1))', 'expected "," or ")"', 3],
    ['f(2*3)', 'expected "," or ")"', 3],
    ['f(a==1)', 'expected "," or ")"', 3],
    ['f(1) g(2)', 'text follows the call', 4],
  ])('says what is wrong with %j', (text, message, at) => {
    expect(problem(text)).toEqual({ problem: message, at });
  });

  it('refuses nesting that would exhaust the stack', () => {
    expect(problem('f('.repeat(100_000))?.problem).toBe('nested too deeply');
    expect(problem(`f(${'['.repeat(60)}${']'.repeat(60)})`)).toBeUndefined();
    expect(problem(`f(${'[], '.repeat(100)})`)).toBeUndefined();
  });

  it('keeps odd keywords as data', () => {
    const reading = parseCall('f(__proto__=1, constructor=2)');
    if ('problem' in reading) throw new Error(inEnglish(reading.problem));
    expect([...reading.call.keywords.keys()]).toEqual(['__proto__', 'constructor']);
  });
});

describe('readCall', () => {
  it('stops behind the call', () => {
    expect(readCall('x = f(1) # done', 3)).toMatchObject({ call: { name: 'f' }, end: 8 });
  });
});

describe('findCalls', () => {
  it('passes over prose, fences and assignments, in order of appearance', () => {
    expect(names('Use help(x).\n```python\nr = a.b(1)\nc(2)\n```\nthen d(3)')).toEqual(['help', 'a.b', 'c', 'd']);
  });

  it('does not take a remark in brackets for a call', () => {
    expect(names('The function (see) is f(x=1), the tool(it is good).')).toEqual(['f']);
  });

  it('takes a whole output with a blank before the bracket', () => {
    expect(names(' f (1)\n')).toEqual(['f']);
  });

  it('gives the outer call only, once', () => {
    expect(names('print(a.b(1)) x')).toEqual(['print']);
  });

  it('does not report an inner call of a call that the end cuts off', () => {
    expect(names('I say f(a=1, b=g(2)')).toEqual([]);
  });

  it('is quick on long hostile text', () => {
    expect(names(`${'f(g['.repeat(20_000)} ok(1)`)).toEqual(['ok']);
  });
});
