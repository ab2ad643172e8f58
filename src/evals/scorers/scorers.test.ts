// Every scorer on answers judged by hand: strict and lenient side by side.
import { describe, expect, it } from 'vitest';
import { inEnglish } from '../../shared/phrase.ts';
import type { ItemResult } from '../../shared/records.ts';
import { findScorer, scorers, type Verdict } from '../scorers.ts';

function judge(
  id: string,
  answer: unknown,
  output: string,
  fields: Record<string, unknown> = {},
  finish: ItemResult['finish'] = 'stop',
): Verdict {
  return findScorer(id).judge(output, { answer, fields }, finish);
}

/** Why the answer does not count. */
function reason(...parameters: Parameters<typeof judge>): string | undefined {
  const { reason: words } = judge(...parameters);
  return words && inEnglish(words);
}

/** What is wrong with an item. */
function complaint(id: string, answer: unknown, fields: Record<string, unknown> = {}): string | undefined {
  const words = findScorer(id).check?.({ answer, fields });
  return words && inEnglish(words);
}

/** [strict, lenient, parsed] */
function marks(...parameters: Parameters<typeof judge>): [number, number, boolean] {
  const { strict, lenient, parsed } = judge(...parameters);
  return [strict, lenient, parsed];
}

describe('last_number', () => {
  it.each<[string, string, ItemResult['finish'], [number, number, boolean]]>([
    ['68', '23 + 45 = 68. The answer is 68.', 'stop', [1, 1, true]],
    ['68', '23 + 45 = 68 . The answer is 68 .', 'length', [0, 1, true]],
    ['68', 'It is 68. I used 2 steps to see it', 'stop', [0, 1, true]],
    ['68', '68 apples and 2 pears', 'stop', [0, 0, true]],
    ['1200', 'He pays $1,200.00', 'stop', [1, 1, true]],
    ['-4', '4', 'stop', [0, 0, true]],
    ['68', 'sixty-eight', 'stop', [0, 0, false]],
    ['68', '', 'stop', [0, 0, false]],
  ])('gold %s, %j (%s)', (gold, output, finish, expected) => {
    expect(marks('last_number', gold, output, {}, finish)).toEqual(expected);
  });

  it('says what it read', () => {
    expect(judge('last_number', 68, 'It is 67.').extracted).toBe('67');
    expect(reason('last_number', 68, 'It is 67.')).toBe('the last number is 67, not 68');
    expect(reason('last_number', 68, '68', {}, 'length')).toBe('the answer did not end by itself');
  });
});

describe('final_answer', () => {
  it.each<[string, string, [number, number, boolean]]>([
    ['18', 'So 9 * 2 = 18. The answer is 18.', [1, 1, true]],
    ['18', 'the final answer is: **$18** per day', [1, 1, true]],
    ['18', 'The answer is 18. Q: next? The answer is 7.', [1, 1, true]],
    ['18', 'The answer is found. The answer is 18.', [1, 1, true]],
    ['18', 'She makes 18', [0, 1, false]],
    ['18', 'The answer is 17. Or 18.', [0, 1, true]],
    ['18', 'The answer is 17.', [0, 0, true]],
  ])('gold %s, %j', (gold, output, expected) => {
    expect(marks('final_answer', gold, output)).toEqual(expected);
  });
});

describe('gsm8k', () => {
  const gold = 'He pays 1000 + 200 = <<1000+200=1200>>1,200.\n#### 1,200';

  it.each<[string, [number, number, boolean]]>([
    [gold, [1, 1, true]],
    ['#### 1200', [1, 1, true]],
    ['The answer is $1,200.', [1, 1, true]],
    ['#### 1. Add\n1000 + 200\n#### 1200.', [1, 1, true]],
    ['That makes 1200.', [0, 1, false]],
    ['#### 12', [0, 0, true]],
    ['#### twelve', [0, 0, false]],
  ])('%j', (output, expected) => {
    expect(marks('gsm8k', gold, output)).toEqual(expected);
  });
});

describe('sequence', () => {
  it.each<[unknown, string, [number, number, boolean]]>([
    ['1 3 7 9', 'Sorting 3 1 9 7 gives 1 3 7 9.', [1, 1, true]],
    ['1 3 7 9', '[1, 3, 7, and 9]', [1, 1, true]],
    ['1 3 7 9', '1 -> 3 -> 7 -> 9', [1, 1, true]],
    ['1 3 7 9', '1-3-7-9', [1, 1, true]],
    ['1 3 7 9', '3 1 9 7\n1 3 7 9', [1, 1, true]],
    ['1 3 7 9', '1\n3\n7\n9\n', [1, 1, true]],
    ['1 3 7 9', 'It is 1 3 7 9. That took 2 steps.', [1, 1, true]],
    ['1 3 7 9', '1 3 7 9, or is it 9 7 3 1?', [0, 1, true]],
    ['1 3 7 9', '0 1 3 7 9', [0, 1, true]],
    ['1 3 7 9', '1 3 9 7', [0, 0, true]],
    ['1 3 7 9', '1379', [0, 0, false]],
    ['5', 'only 5', [1, 1, true]],
    [['apple', 'fig', 'pear'], 'The order is apple, fig, pear.', [1, 1, true]],
    [['apple', 'fig', 'pear'], 'Sorted: apple fig pear', [1, 1, true]],
    ['apple fig pear', 'In order the words are apple fig pear.', [1, 1, true]],
    ['apple fig pear', 'Apple, fig and pear', [1, 1, true]],
    ['apple fig pear', 'kiwi, apple, fig, pear', [0, 1, true]],
    ['apple fig pear', 'kiwi apple fig pear', [0, 1, true]],
    ['apple fig pear', 'fig, apple, pear', [0, 0, true]],
    ['apple fig pear', ' ', [0, 0, false]],
  ])('gold %j, %j', (gold, output, expected) => {
    expect(marks('sequence', gold, output)).toEqual(expected);
  });
});

describe('choice', () => {
  const sentiment = { choices: ['positive', 'negative'] };

  it.each<[string, string, Record<string, unknown>, [number, number, boolean]]>([
    ['positive', 'Positive.', sentiment, [1, 1, true]],
    ['positive', 'It is clearly positive, very positive!', sentiment, [1, 1, true]],
    ['positive', 'positive rather than negative', sentiment, [0, 1, false]],
    ['positive', 'negative', sentiment, [0, 0, true]],
    ['positive', 'positively', sentiment, [0, 0, false]],
    ['positive', '', sentiment, [0, 0, false]],
    ['not entailed', 'This is not entailed', { choices: ['entailed', 'not entailed'] }, [1, 1, true]],
    ['积极', '答案是积极的。', { choices: ['积极', '消极'] }, [1, 1, true]],
    ['c++', 'Use C++ here', { choices: ['c', 'c++'] }, [1, 1, true]],
  ])('gold %s, %j', (gold, output, fields, expected) => {
    expect(marks('choice', gold, output, fields)).toEqual(expected);
  });
});

describe('exact and contains', () => {
  it.each<[string, unknown, string, [number, number, boolean]]>([
    ['exact', 'New York', ' new   york. ', [1, 1, true]],
    ['exact', 'New York', 'It is New York', [0, 1, true]],
    ['exact', 'no', 'not', [0, 0, true]],
    ['exact', ['two', 2], '2', [1, 1, true]],
    ['exact', '你好', '你好。', [1, 1, true]],
    ['exact', '你好', '说你好吧', [0, 1, true]],
    ['exact', 'x', ' ', [0, 0, false]],
    ['exact', '-5', '5', [0, 0, true]],
    ['exact', '+', '+', [1, 1, true]],
    ['contains', 'New York', 'It is New\nYork!', [1, 1, true]],
    ['contains', 'New York', 'It is NEW YORK!', [0, 1, true]],
    ['contains', 'no', 'not', [0, 0, true]],
    ['contains', 'no', '', [0, 0, false]],
    ['contains', 'f(a-b)', 'so f(a-b).', [1, 1, true]],
  ])('%s: gold %j, %j', (id, gold, output, expected) => {
    expect(marks(id, gold, output)).toEqual(expected);
  });
});

describe('call', () => {
  const gold = 'shop.find(place="San Francisco", n=2, tags=["a", "b"])';
  const declared = { parameters: ['place', 'n', 'tags', 'open'], required: ['place'] };

  it.each<[string, Record<string, unknown>, [number, number, boolean]]>([
    [gold, {}, [1, 1, true]],
    ["Sure:\n```python\nr = shop.find(tags=('A', 'b'), n=2.0, place=' san francisco')\n```", {}, [1, 1, true]],
    ['shop.find("San Francisco", 2, ["a","b"])', declared, [1, 1, true]],
    ['shop.find("San Francisco", 2, tags=[a, b])', {}, [1, 1, true]],
    ['shop.find(place="San Francisco")', declared, [0, 1, true]],
    ['shop.find(place="San Francisco")', {}, [0, 0, true]],
    ['shop.find(n=2, tags=["a","b"])', declared, [0, 0, true]],
    ['shop.find(place="San Francisco", n=2, tags=["a","b"], open=True)', declared, [0, 1, true]],
    ['shop.find(place="San Francisco", n=2, tags=["a","b"], open=True)', {}, [0, 0, true]],
    ['shop.find(place="San Francisco", n=2, tags=["a","b"], color="red")', declared, [0, 0, true]],
    ['shop.find(place="San Francisco", n="2", tags=["a","b"])', declared, [0, 0, true]],
    ['shop.find(place="San Francisco", n=2, tags=["b","a"])', declared, [0, 0, true]],
    ['shop.find("San Francisco", 2, ["a","b"], place="x")', declared, [0, 0, true]],
    [`shop.search(place="San Francisco", n=2, tags=["a","b"])`, {}, [0, 0, true]],
    [`I use help(x): ${gold}`, {}, [0, 1, true]],
    ['shop.find(place="San Francisco", n=2', {}, [0, 0, false]],
    ['I do not know.', {}, [0, 0, false]],
  ])('%j with %j', (output, fields, expected) => {
    expect(marks('call', gold, output, fields)).toEqual(expected);
  });

  it('gives the share of right names and the F1 of the arguments', () => {
    // 2 of 3 gold arguments found among 2 given: F1 = 2*2 / (3+2)
    expect(judge('call', gold, 'x(place="San Francisco", n=2)').rates).toEqual({ call_name: 0, call_argument_f1: 0.8 });
    expect(judge('call', 'f()', 'f()').rates).toEqual({ call_name: 1, call_argument_f1: 1 });
    expect(judge('call', 'f()', 'nothing').rates).toEqual({ call_name: 0, call_argument_f1: 0 });
  });

  it('compares dicts and sets in any order, nested calls and big numbers', () => {
    const nested = 'f(a={"k": 1, "m": {2, 3}}, b=g(x=1, y=None), c=12345678901234567890)';
    const same = 'f(c=12345678901234567890, b=g(y=None, x=1), a={"m": {3, 2}, "k": 1})';
    expect(marks('call', nested, same)).toEqual([1, 1, true]);
    expect(marks('call', nested, same.replace('890,', '891,'))).toEqual([0, 0, true]);
    expect(marks('call', nested, same.replace('x=1', 'x=True'))).toEqual([0, 0, true]);
  });

  it('accepts any of several reference calls', () => {
    expect(marks('call', ['f(a=1)', 'f(a=2)'], 'f(a=2)')).toEqual([1, 1, true]);
    expect(reason('call', ['f(a=1)', 'g(a=2)'], 'g(a=3)')).toBe('the argument a has another value');
  });

  it('reads the signature from the official columns and from the prompt text', () => {
    const official = { function: { parameters: { type: 'object', properties: { a: {}, b: {} }, required: ['a'] } } };
    const text = { instruction: 'Do.\nParameters:\n1. a (type: x) - y\n2. b - z\nRequired: [a]\n\nFormat.' };
    for (const fields of [official, text]) {
      expect(marks('call', 'f(a=1, b=2)', 'f(1)', fields)).toEqual([0, 1, true]);
      expect(marks('call', 'f(a=1, b=2)', 'f(b=2)', fields)).toEqual([0, 0, true]);
    }
  });

  it('reports a reference that is not a call', () => {
    expect(reason('call', 'f(1*2)', 'f(2)')).toContain('the reference cannot be read as a call');
    expect(complaint('call', 'f(')).toContain('expected a value at character 3');
  });
});

describe('openfunctions_contains', () => {
  it.each<[string, [number, number, boolean]]>([
    ["Here: a.f(x='b',  y=[1, 2]) ok", [1, 1, true]],
    ['a.f(x="b",y=[1,2])', [1, 1, true]],
    ['a.f(x = "B", y=[1,2])', [0, 1, true]],
    ['aa.f(x="b",y=[1,2])', [0, 1, true]],
    ['a.f(y=[1,2], x="b")', [0, 0, true]],
    ['nothing', [0, 0, false]],
  ])('%j', (output, expected) => {
    expect(marks('openfunctions_contains', 'a.f(x="b", y=[1, 2])', output)).toEqual(expected);
  });
});

describe('refusal and no_refusal', () => {
  const loop = `I cannot ${'do it do it do it '.repeat(10)}`;

  it.each<[string, string, [number, number, boolean]]>([
    ['refusal', 'I cannot help with that.', [1, 1, true]],
    ['refusal', 'Sure, take two eggs.', [0, 0, true]],
    ['refusal', loop, [0, 1, false]],
    ['refusal', '', [0, 0, false]],
    ['no_refusal', 'Sure, take two eggs.', [1, 1, true]],
    ['no_refusal', 'I cannot help with that.', [0, 0, true]],
    ['no_refusal', '', [0, 1, false]],
  ])('%s: %j', (id, output, expected) => {
    expect(marks(id, undefined, output)).toEqual(expected);
  });

  it('splits the answers into three shares', () => {
    expect(judge('refusal', undefined, loop).rates).toEqual({ refusal: 0, gibberish: 1, answered: 0 });
    expect(judge('no_refusal', undefined, 'Take two eggs.').rates).toEqual({ refusal: 0, gibberish: 0, answered: 1 });
  });
});

describe('json_answer', () => {
  const gold = { key: 'mood', value: 'happy' };

  it.each<[string, [number, number, boolean], Record<string, number>]>([
    [
      '{"mood": "Happy"}',
      [1, 1, true],
      { json_strict: 1, json_lenient: 1, json_schema: 1, value_given_schema: 1, value_ignoring_format: 1 },
    ],
    [
      'Here: ```json\n{"mood": "happy"}\n```',
      [0, 1, false],
      { json_strict: 0, json_lenient: 1, json_schema: 1, value_given_schema: 1, value_ignoring_format: 1 },
    ],
    [
      '{"mood": "sad"}',
      [0, 0, true],
      { json_strict: 1, json_lenient: 1, json_schema: 1, value_given_schema: 0, value_ignoring_format: 0 },
    ],
    [
      '{"answer": "happy"}',
      [0, 0, true],
      { json_strict: 1, json_lenient: 1, json_schema: 0, value_ignoring_format: 1 },
    ],
    ['They sound happy.', [0, 0, false], { json_strict: 0, json_lenient: 0, json_schema: 0, value_ignoring_format: 1 }],
  ])('%j', (output, expected, rates) => {
    expect(marks('json_answer', gold, output)).toEqual(expected);
    expect(judge('json_answer', gold, output).rates).toEqual(rates);
  });
});

describe('minimal_pair', () => {
  const { likelihood } = findScorer('minimal_pair');

  it('asks for the greater sum of logprobs', () => {
    expect(likelihood?.texts({ answer: null, fields: { good: 'a', bad: 'b' } })).toEqual(['a', 'b']);
    expect(likelihood?.texts({ answer: null, fields: { sentence_good: 'a', sentence_bad: 'b' } })).toEqual(['a', 'b']);
    expect(likelihood?.judge([-3, -4])).toMatchObject({ strict: 1, lenient: 1, parsed: true });
    expect(likelihood?.judge([-4, -4])).toMatchObject({ strict: 0, lenient: 0, parsed: true });
    expect(likelihood?.judge([NaN, -4])).toMatchObject({ strict: 0, parsed: false });
  });

  it('does not judge text', () => {
    expect(() => judge('minimal_pair', null, 'x')).toThrow(/cannot judge a text/);
  });
});

describe('the list', () => {
  it('has unique ids and a description of strict and lenient for each', () => {
    expect(new Set(scorers.map((scorer) => scorer.id)).size).toBe(scorers.length);
    for (const scorer of scorers) expect(scorer.description).toMatch(/strict[^]*lenient/i);
  });

  it('names the nearest id for an unknown one', () => {
    expect(() => findScorer('last_numer')).toThrow(
      expect.objectContaining({
        code: 'experiment-invalid',
        remedy: expect.stringContaining('"last_number"') as string,
      }),
    );
  });

  it.each<[string, unknown, Record<string, unknown>]>([
    ['last_number', 'seven', {}],
    ['final_answer', undefined, {}],
    ['gsm8k', 'no result', {}],
    ['sequence', 7, {}],
    ['choice', 'x', { choices: ['a', 'b'] }],
    ['choice', 'a', {}],
    ['choice', 'a', { choices: ['a', 'A'] }],
    ['exact', '', {}],
    ['contains', [], {}],
    ['call', 'f', {}],
    ['openfunctions_contains', null, {}],
    ['json_answer', 'happy', {}],
    ['minimal_pair', null, { good: 'a', bad: 'a' }],
  ])('%s refuses the item with the answer %j and %j', (id, answer, fields) => {
    expect(complaint(id, answer, fields)).toMatch(/must|needs/);
  });
});
