import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { coderOf } from '../../data/textCoder.ts';
import { loadTextSide } from '../../data/textSide.ts';
import type { Completion, SampleRequest } from '../../engine/engine.ts';
import { FakeEngine } from '../../runs/testing/fakeEngine.ts';
import { fakeWorkspace } from '../../runs/testing/fakeWorkspace.ts';
import type { Example } from '../../shared/dataset.ts';
import { targetsSchema } from '../../shared/experiment.ts';
import type { Targets } from '../../shared/experiment.ts';
import { makeTargets } from './index.ts';
import { answerOf } from './recipe.ts';
import type { RecipeContext, TargetEvent } from './recipe.ts';
import { defaultInstruction, rewritePrompt } from './rephrase.ts';
import { inEnglish } from '../../shared/phrase.ts';

/** Answers from a list instead of the model, in the order of the prompts. */
class ScriptedEngine extends FakeEngine {
  readonly requests: SampleRequest[] = [];
  private readonly answers: { text: string; finish?: Completion['finish'] }[];
  encode: (text: string) => number[] = () => [];

  constructor(answers: { text: string; finish?: Completion['finish'] }[]) {
    super();
    this.answers = answers;
  }

  override sample(request: SampleRequest): Promise<Completion[]> {
    this.requests.push(request);
    return Promise.resolve(
      request.prompts.map(() => {
        const { text, finish } = this.answers.shift() ?? { text: '' };
        return { tokens: this.encode(text), logprobs: [], finish: finish ?? 'stop' };
      }),
    );
  }
}

async function context(engine: FakeEngine, more: Partial<RecipeContext> = {}): Promise<RecipeContext> {
  const folder = join(await fakeWorkspace(), 'model');
  const side = await loadTextSide(folder);
  if (engine instanceof ScriptedEngine) engine.encode = (text) => side.tokenizer.encode(text).ids;
  const { id } = await engine.load({ folder });
  return { engine, model: id, texts: coderOf(side), maxTokens: 8, seed: 0, ...more };
}

const example = (line: number, completion = 'no', fields: Record<string, unknown> = {}): Example => ({
  body: { kind: 'chat', prompt: [{ role: 'user', content: `q${line}` }], completion },
  provenance: 'ground_truth',
  source: { file: 'x.jsonl', line },
  fields,
});

const text: Example = { ...example(9), body: { kind: 'text', text: 'raw' } };

async function* stream(examples: readonly Example[]): AsyncGenerator<Example> {
  for (const one of examples) yield await Promise.resolve(one);
}

async function make(examples: readonly Example[], choice: object, recipe: RecipeContext): Promise<string[]> {
  const events: string[] = [];
  const targets: Targets = targetsSchema.parse(choice);
  for await (const event of makeTargets(stream(examples), targets, recipe)) events.push(inWords(event));
  return events;
}

function inWords(event: TargetEvent): string {
  if (event.kind === 'dropped') return `dropped ${event.dropped.source.line}: ${inEnglish(event.dropped.reason)}`;
  return `${event.example.provenance}: ${answerOf(event.example)}`;
}

describe('ground truth and columns', () => {
  test('keep rows as they are, or take another column', async () => {
    const recipe = await context(new FakeEngine());
    const rows = [example(1, 'no', { native: 'nope' }), example(2), text];
    expect(await make(rows, { kind: 'ground-truth' }, recipe)).toEqual([
      'ground_truth: no',
      'ground_truth: no',
      'ground_truth: raw',
    ]);
    expect(await make(rows, { kind: 'column', field: 'native' }, recipe)).toEqual([
      'native: nope',
      'dropped 2: no text in column "native"',
      'ground_truth: raw',
    ]);
  });
});

describe('self-output', () => {
  const choice = { kind: 'self-output', samples: 3 };
  const verify: RecipeContext['verify'] = (answer) => answer !== 'wrong';

  test('keeps the correct sample with the lowest perplexity', async () => {
    // The fake model finds "ok" far more probable than anything else.
    const engine = new ScriptedEngine([{ text: 'zz' }, { text: 'ok' }, { text: 'wrong' }]);
    expect(await make([example(1)], choice, await context(engine, { verify }))).toEqual(['self_output: ok']);
    expect(engine.requests[0]).toMatchObject({ temperature: 0.7, topP: 0.95, maxTokens: 8 });
  });

  test('the shortest correct sample, when asked for', async () => {
    const engine = new ScriptedEngine([{ text: 'zzz' }, { text: 'z' }, { text: 'ok' }]);
    const shortest = { ...choice, select: 'shortest-correct' };
    expect(await make([example(1)], shortest, await context(engine, { verify }))).toEqual(['self_output: z']);
  });

  test('drops prompts without a correct finished sample, or falls back to the ground truth', async () => {
    const answers = () => [{ text: 'wrong' }, { text: 'ok', finish: 'length' as const }, { text: '' }];
    const dropping = await context(new ScriptedEngine(answers()), { verify });
    expect(await make([example(4)], choice, dropping)).toEqual(['dropped 4: no correct answer in 3 samples']);
    const falling = await context(new ScriptedEngine(answers()), { verify });
    expect(await make([example(4)], { ...choice, fallback: 'ground-truth' }, falling)).toEqual(['ground_truth: no']);
  });

  test('raw text passes through without sampling', async () => {
    const engine = new ScriptedEngine([]);
    expect(await make([text], choice, await context(engine, { verify }))).toEqual(['ground_truth: raw']);
    expect(engine.requests).toEqual([]);
  });

  test('a row draws the same samples wherever it stands', async () => {
    const seeds = async (rows: readonly Example[]): Promise<number[] | undefined> => {
      const engine = new ScriptedEngine([]);
      await make(rows, choice, await context(engine));
      return engine.requests[0]?.seeds;
    };
    const both = await seeds([example(1), example(2)]);
    expect(new Set(both).size).toBe(6);
    expect(await seeds([example(2)])).toEqual(both?.slice(3));
  });
});

describe('rephrase', () => {
  test('rejects leaks, unfinished and wrong rewrites', async () => {
    const verify: RecipeContext['verify'] = (answer) => answer !== 'wrong';
    const answers = () => [
      { text: 'fine' },
      { text: 'As the Reference Answer says' },
      { text: 'Your turn now' },
      { text: 'never ending', finish: 'length' as const },
      { text: 'wrong' },
    ];
    const rows = [1, 2, 3, 4, 5].map((line) => example(line));
    expect(
      await make(
        rows,
        { kind: 'rephrase', fallback: 'drop' },
        await context(new ScriptedEngine(answers()), { verify }),
      ),
    ).toEqual([
      'rephrase: fine',
      'dropped 2: rewrite talks about the rewriting',
      'dropped 3: rewrite talks about the rewriting',
      'dropped 4: rewrite did not end',
      'dropped 5: rewrite rejected by the verifier',
    ]);
    const kept = await make(rows, { kind: 'rephrase' }, await context(new ScriptedEngine(answers()), { verify }));
    expect(kept.slice(0, 2)).toEqual(['rephrase: fine', 'ground_truth: no']);
  });

  test('puts instruction, question and reference into the last user turn', () => {
    const row = example(1, 'the $& answer');
    if (row.body.kind === 'text') throw new Error('not a chat');
    const answered = { ...row, body: row.body };
    const [turn] = rewritePrompt(answered, undefined) as { content: string }[];
    expect(turn?.content.startsWith(`${defaultInstruction}\n\n`)).toBe(true);
    expect(turn?.content).toMatch(/q1[^]*the \$& answer[^]*Response:\n$/);
    const own = rewritePrompt(answered, '{question}|{reference}|{question}') as { content: string }[];
    expect(own[0]?.content).toBe('q1|the $& answer|q1');
  });
});
