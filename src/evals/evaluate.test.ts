import { describe, expect, it } from 'vitest';
import type { BenchmarkConfig } from '../shared/experiment.ts';
import { phrase } from '../shared/phrase.ts';
import { hashJson } from '../tokenizer/canonicalJson.ts';
import type { Benchmark, BenchmarkItem } from './benchmark.ts';
import { evaluate, protocolHash } from './evaluate.ts';
import { cannedEngine, END, START, textOf, toyModel, toyTextSide } from './testing.ts';

function benchmark(items: Omit<BenchmarkItem, 'index'>[], changes: Partial<BenchmarkConfig> = {}): Benchmark {
  const config: BenchmarkConfig = {
    name: 'sums',
    data: 'sums.jsonl',
    scorer: 'last_number',
    group: 'skill',
    maxTokens: 12,
    chance: 0,
    ...changes,
  };
  const indexed = items.map((item, index) => ({ index, ...item }));
  return { config, items: indexed, itemsHash: hashJson(indexed) };
}

const sum = (question: string, answer: string): Omit<BenchmarkItem, 'index'> => ({
  prompt: question,
  answer,
  fields: {},
});

const sums = benchmark([sum('1+1', '2'), sum('2+2', '4'), sum('3+3', '6'), sum('4+4', '8')]);

describe('evaluate by greedy answers', () => {
  const replies = new Map<string, { text: string; finish?: 'length' }>([
    ['user:1+1|assistant:', { text: 'It is 2.' }],
    ['user:2+2|assistant:', { text: 'It is 4', finish: 'length' }],
    ['user:3+3|assistant:', { text: 'dunno' }],
    ['user:4+4|assistant:', { text: '8' }],
  ]);
  const engine = cannedEngine({ reply: (prompt) => replies.get(prompt) ?? { text: `unexpected ${prompt}` } });

  it('judges every item strictly and leniently', async () => {
    const result = await evaluate({ engine, model: toyModel, side: toyTextSide(), benchmark: sums });
    expect(result).toMatchObject({ n: 4, score: 0.5, lenient: 0.75, parseRate: 0.75, tokens: 8 + 7 + 5 + 1 });
    expect(result.rates).toEqual({ rp4: 0, unfinished: 0.25 });
    expect(
      result.items.map(({ index, strict, lenient, output, finish }) => [index, strict, lenient, output, finish]),
    ).toEqual([
      [0, 1, 1, 'It is 2.', 'stop'],
      [1, 0, 1, 'It is 4', 'length'],
      [2, 0, 0, 'dunno', 'stop'],
      [3, 1, 1, '8', 'stop'],
    ]);
    expect(result.items[2]?.reason).toBe('no number in the output');
    expect(result.seconds).toBeGreaterThanOrEqual(0);
  });

  it('asks greedily, with the stop tokens of the model', async () => {
    engine.sampled.length = 0;
    await evaluate({ engine, model: toyModel, side: toyTextSide(), benchmark: sums });
    expect(engine.sampled).toMatchObject([{ model: 7, temperature: 0, maxTokens: 12, stopIds: [END] }]);
  });

  it('works in chunks and reports progress over all of them', async () => {
    const many = benchmark(Array.from({ length: 300 }, (_, index) => sum(`${index}`, `${index}`)));
    const echo = cannedEngine({ reply: (prompt) => ({ text: prompt.replace(/\D/g, '') }) });
    const seen: [number, number][] = [];
    const result = await evaluate({
      engine: echo,
      model: toyModel,
      side: toyTextSide(),
      benchmark: many,
      onProgress: ({ done, total }) => seen.push([done, total]),
    });
    expect(result.score).toBe(1);
    expect(echo.sampled.map((request) => request.prompts.length)).toEqual([256, 44]);
    expect(seen.at(-1)).toEqual([300, 300]);
    expect(result.tokens).toBe(10 + 180 + 600);
  });

  it('counts prompts that do not fit as failures with a reason', async () => {
    // The toy template puts 16 tokens around the question: 83 fit with one token of answer, 84 leave no room for it.
    const fits = 'x'.repeat(83);
    const items = [sum('1+1', '2'), sum(`${fits}x`, '8'), sum(fits, '8')];
    const result = await evaluate({ engine, model: toyModel, side: toyTextSide(), benchmark: benchmark(items) });
    expect(result).toMatchObject({ n: 3, score: 1 / 3, rates: { too_long: 1 / 3, unfinished: 0 } });
    expect(result.items[2]).toMatchObject({ finish: 'stop', rates: { too_long: 0 } });
    expect(result.items[1]).toEqual({
      index: 1,
      strict: 0,
      lenient: 0,
      parsed: false,
      output: '',
      finish: 'context',
      reason: 'the prompt has 100 tokens, the context holds 100',
      words: phrase('the prompt has {0} tokens, the context holds {1}', 100, 100),
      rates: { too_long: 1 },
    });
    const narrow = { ...toyModel, contextLength: 10 };
    engine.sampled.length = 0;
    const none = await evaluate({ engine, model: narrow, side: toyTextSide(), benchmark: sums });
    expect(none).toMatchObject({ n: 4, score: 0, rates: { too_long: 1 } });
    expect(engine.sampled).toEqual([]);
  });

  it('stops when asked to', async () => {
    const controller = new AbortController();
    controller.abort();
    engine.sampled.length = 0;
    const evaluating = evaluate({
      engine,
      model: toyModel,
      side: toyTextSide(),
      benchmark: sums,
      signal: controller.signal,
    });
    await expect(evaluating).rejects.toMatchObject({ name: 'AbortError' });
    expect(engine.sampled).toEqual([]);
  });
});

describe('evaluate by likelihood', () => {
  const pair = (good: string, bad: string): Omit<BenchmarkItem, 'index'> => ({
    prompt: '',
    answer: undefined,
    fields: { good, bad },
  });
  const pairs = benchmark([pair('aa', 'ab'), pair('b', 'a'), pair('ab', 'ba')], { scorer: 'minimal_pair' });
  const engine = cannedEngine({ logprob: (id) => (textOf([id]) === 'a' ? -1 : -2) });

  it('compares sums of logprobs, from the first token of the text on', async () => {
    const result = await evaluate({ engine, model: toyModel, side: toyTextSide(), benchmark: pairs });
    expect(result.items.map((item) => [item.strict, item.finish, item.output])).toEqual([
      [1, 'scored', ''],
      [0, 'scored', ''],
      [0, 'scored', ''],
    ]);
    expect(result.tokens).toBe(4 + 2 + 4);
    expect(engine.scored[0]?.from).toEqual([1, 1, 1, 1, 1, 1]);
    expect(engine.scored[0]?.sequences[2]?.[0]).toBe(START);
  });

  it('puts the begin or end token before the text when the tokenizer adds none', async () => {
    engine.scored.length = 0;
    const side = toyTextSide({ startIds: [] });
    const withoutBegin = toyTextSide({ startIds: [], tokenizer: { ...side.tokenizer, bosId: undefined } });
    await evaluate({ engine, model: toyModel, side, benchmark: pairs });
    await evaluate({ engine, model: toyModel, side: withoutBegin, benchmark: pairs });
    expect(engine.scored.map((request) => request.sequences[0]?.[0])).toEqual([START, END]);
  });

  it('counts pairs that do not fit as failures', async () => {
    const long = benchmark([pair('a', 'b'), pair('a', 'b'.repeat(100))], { scorer: 'minimal_pair' });
    const result = await evaluate({ engine, model: toyModel, side: toyTextSide(), benchmark: long });
    expect(result).toMatchObject({ score: 0.5, rates: { too_long: 0.5 } });
    expect(result.items[1]?.reason).toBe('the text has 101 tokens, the context holds 100');
  });
});

describe('protocolHash', () => {
  const side = toyTextSide();
  const base = protocolHash(side, sums);

  it('changes with everything that changes the measurement', () => {
    const other = [
      protocolHash(side, { ...sums, itemsHash: 'other' }),
      protocolHash(side, { ...sums, config: { ...sums.config, maxTokens: 13 } }),
      protocolHash(side, { ...sums, config: { ...sums.config, scorer: 'final_answer' } }),
      protocolHash(side, { ...sums, config: { ...sums.config, scorer: 'minimal_pair' } }),
      protocolHash({ ...side, tokenizer: { ...side.tokenizer, hash: 'other' } }, sums),
      protocolHash({ ...side, template: undefined }, sums),
      protocolHash({ ...side, startIds: [] }, sums),
      protocolHash({ ...side, stopIds: [END, 3] }, sums),
    ];
    expect(new Set([base, ...other]).size).toBe(other.length + 1);
  });

  it('does not change with names, groups or the folder of the model', () => {
    const renamed = { ...sums, config: { ...sums.config, name: 'other', group: 'target' as const, chance: 0.5 } };
    expect(protocolHash({ ...side, folder: 'elsewhere' }, renamed)).toBe(base);
  });
});
