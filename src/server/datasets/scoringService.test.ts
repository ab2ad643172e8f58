// Order of work, with an engine that records what it is asked and answers when the test lets it.
import { beforeEach, describe, expect, it } from 'vitest';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chatModelFiles, folderWith, temporaryFolder } from '../../data/testFolder.ts';
import type { Engine, ScoreRequest, SequenceScore } from '../../engine/engine.ts';
import type { Example } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import { inEnglish } from '../../shared/phrase.ts';
import { contentKey, ScoringService } from './scoringService.ts';

interface Call {
  /** Last character of every answer: rows of a test end in their name. */
  names: string;
  answer: () => void;
  crash: () => void;
}

let calls: Call[];
let loads: number;
let disposed: number;
let waiting: ((call: Call) => void)[];
let folder: string;

const died = (): LabError => new LabError('engine-died', 'the engine process ended (signal SIGKILL)');

function fakeEngine(): Engine {
  const score = (request: ScoreRequest): Promise<SequenceScore[]> =>
    new Promise((resolve, reject) => {
      const names = request.sequences.map((tokens) => String.fromCharCode(tokens.at(-2) as number)).join('');
      const scores = request.sequences.map((tokens, index) => {
        const logprobs = tokens.slice(request.from?.[index]).map(() => -1);
        return { logprobs, greedy: logprobs.map(() => false) };
      });
      const call: Call = { names, answer: () => resolve(scores), crash: () => reject(died()) };
      calls.push(call);
      waiting.shift()?.(call);
    });
  return {
    load: async () => {
      loads++;
      return { id: 1, weightsHash: 'w' };
    },
    score,
    dispose: async () => {
      disposed++;
    },
  } as unknown as Engine;
}

async function serviceOf(): Promise<ScoringService> {
  const stateFolder = await temporaryFolder();
  return new ScoringService({ stateFolder, workspace: folder, start: async () => fakeEngine() });
}

const row = (name: string, length = 4): Example => ({
  body: { kind: 'chat', prompt: [{ role: 'user', content: 'q' }], completion: `${'x'.repeat(length)}${name}` },
  provenance: 'ground_truth',
  source: { file: 'f', line: 1 },
  fields: {},
});
const rows = (names: string, length?: number): Example[] => [...names].map((name) => row(name, length));

/** The next call that the engine gets. */
const nextCall = (): Promise<Call> => new Promise((resolve) => waiting.push(resolve));

async function answerNext(): Promise<string> {
  const call = await nextCall();
  call.answer();
  return call.names;
}

beforeEach(async () => {
  [calls, loads, disposed, waiting] = [[], 0, 0, []];
  folder = await folderWith({ ...chatModelFiles(), 'model.safetensors': 'w' });
});

describe('the scoring service', () => {
  it('takes what is visible before the background, and the newest wish first', async () => {
    const service = await serviceOf();
    const model = await service.model({ name: folder });
    const first = nextCall();
    const background = service.score(model, rows('abcdef', 400), { priority: 'background' });
    const running = await first;
    const older = service.score(model, rows('g'), { priority: 'visible' });
    const newer = service.score(model, rows('hi'), { priority: 'visible' });
    const asked = service.score(model, rows('j'), { priority: 'asked' });
    const order: string[] = [];
    const reading = (async () => {
      while (order.join('').length < 10 - running.names.length) order.push(await answerNext());
    })();
    running.answer();
    await Promise.all([background, older, newer, asked, reading]);
    expect(order.slice(0, 3)).toEqual(['j', 'hi', 'g']);
    expect(running.names + order.slice(3).join('')).toBe('abcdef');
    await service.close();
  });

  it('does not compute what nobody waits for any more', async () => {
    const service = await serviceOf();
    const model = await service.model({ name: folder });
    const first = nextCall();
    const stale = new AbortController();
    const seen: string[] = [];
    const old = service.score(model, rows('ab', 350), { priority: 'visible', signal: stale.signal });
    const running = await first;
    expect(running.names).toBe('a');
    stale.abort();
    await expect(old).rejects.toThrow('no longer wanted');
    // The first row is under way already: asking for it again waits for that, and does not compute it twice.
    const again = service.score(model, rows('ac', 350), {
      priority: 'visible',
      onScore: (index) => seen.push('ac'[index] as string),
    });
    const second = answerNext();
    running.answer();
    expect(await second).toBe('c');
    expect(await again).toHaveLength(2);
    expect(seen).toEqual(['a', 'c']);
    expect(calls.map(({ names }) => names)).toEqual(['a', 'c']);
    expect(service.waiting).toBe(0);
    await service.close();
  });

  it('computes the same row once, and knows it afterwards without an engine', async () => {
    const service = await serviceOf();
    const model = await service.model({ name: folder });
    const answering = answerNext();
    const [a, b] = await Promise.all([
      service.score(model, rows('a'), { priority: 'visible' }),
      service.score(model, rows('a'), { priority: 'background' }),
    ]);
    expect(await answering).toBe('a');
    expect(a).toEqual(b);
    expect(await service.score(model, rows('a'), { priority: 'asked' })).toEqual(a);
    expect(calls).toHaveLength(1);
    await service.close();
    expect(disposed).toBe(1);
  });

  it('says why rows have no score', async () => {
    const service = await serviceOf();
    const model = await service.model({ name: folder });
    const scores = await service.score(model, [row('a', 2000)], { priority: 'visible' });
    expect(scores).toEqual([{ reason: 'too-long' }]);
    expect(calls).toHaveLength(0);
    await service.close();
  });

  it('says in the words of the template why it refuses a row, and keeps nothing of it', async () => {
    const config = chatModelFiles()['tokenizer_config.json'] as { chat_template: string };
    const refusal =
      "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}";
    const text = JSON.stringify({ ...config, chat_template: refusal + config.chat_template });
    await writeFile(join(folder, 'tokenizer_config.json'), text);
    const stateFolder = await temporaryFolder();
    const options = { stateFolder, workspace: folder, start: async () => fakeEngine() };
    const service = new ScoringService(options);
    const model = await service.model({ name: folder });
    const refused: Example = {
      ...row('a'),
      body: { kind: 'chat', prompt: [{ role: 'system', content: 's' }], completion: 'a' },
    };
    const [score] = await service.score(model, [refused], { priority: 'visible' });
    expect(score && 'refused' in score && inEnglish(score.refused)).toMatch(
      /^The chat template failed: System role not supported. Check that/,
    );
    expect(service.known(model, contentKey(refused))).toBe(score);
    await service.close();
    const later = new ScoringService(options);
    expect(later.known(await later.model({ name: folder }), contentKey(refused))).toBeUndefined();
    await later.close();
  });

  it('passes on the death of an engine, starts another, and gives up when it dies too often', async () => {
    const service = await serviceOf();
    const model = await service.model({ name: folder });
    for (let attempt = 0; attempt < 5; attempt++) {
      const crashing = nextCall().then((call) => call.crash());
      const failing = service.score(model, rows('ab'), { priority: 'visible' });
      await expect(failing).rejects.toMatchObject({
        code: 'engine-died',
        remedy: expect.stringContaining('smaller') as string,
      });
      await crashing;
    }
    expect(loads).toBe(5);
    const refused = service.score(model, rows('a'), { priority: 'visible' });
    await expect(refused).rejects.toMatchObject({
      message: expect.stringContaining('ended 5 times in 3 minutes') as string,
      remedy: expect.stringContaining('try again in a few minutes') as string,
    });
    await service.close();
  });

  it('ends an engine in the middle of loading when it closes', async () => {
    let fail: (error: LabError) => void = () => undefined;
    let begun: () => void = () => undefined;
    const loading = new Promise<void>((resolve) => (begun = resolve));
    const load = (): Promise<never> =>
      new Promise((_, reject) => {
        fail = reject;
        begun();
      });
    const start = async (): Promise<Engine> => ({ load, dispose: async () => fail(died()) }) as unknown as Engine;
    const service = new ScoringService({ stateFolder: await temporaryFolder(), workspace: folder, start });
    const model = service.model({ name: folder });
    const refused = expect(model).rejects.toThrow('the lab server is ending');
    await loading;
    await service.close();
    await refused;
  });

  it('starts an engine for as many models as somebody looks at', async () => {
    const service = await serviceOf();
    for (let index = 0; index < 8; index++) {
      const other = await folderWith({ ...chatModelFiles(), 'model.safetensors': `w${index}` });
      const model = await service.model({ name: other });
      const answering = answerNext();
      expect(await service.score(model, rows(String.fromCharCode(97 + index)), { priority: 'visible' })).toHaveLength(
        1,
      );
      await answering;
    }
    expect(loads).toBe(8);
    await service.close();
  });

  it('keeps the scores of the models used last in memory, and reads those of others again', async () => {
    const service = await serviceOf();
    const first = await service.model({ name: folder });
    const answering = answerNext();
    const [score] = await service.score(first, rows('a'), { priority: 'visible' });
    await answering;
    for (let index = 0; index < 8; index++) {
      await service.model({
        name: await folderWith({
          ...chatModelFiles(),
          'model.safetensors': `w${index}`,
          'config.json': { max_position_embeddings: 100 + index },
        }),
      });
    }
    const key = contentKey(row('a'));
    expect(service.known(first, key)).toBeUndefined();
    await service.model({ name: folder });
    expect(service.known(first, key)).toEqual(score);
    await service.close();
  });

  it('keeps the scores of the model in daily use on disk, however many others are looked at', async () => {
    const stateFolder = await temporaryFolder();
    const options = { stateFolder, workspace: folder, start: async () => fakeEngine() };
    const service = new ScoringService(options);
    const use = async (name: string, text: string): Promise<void> => {
      const model = await service.model({ name });
      const known = service.known(model, contentKey(row(text)));
      const answering = known ? undefined : answerNext();
      await service.score(model, rows(text), { priority: 'visible' });
      await answering;
    };
    await use(folder, 'a');
    for (let index = 0; index < 20; index++) {
      const config = { max_position_embeddings: 100 + index };
      await use(await folderWith({ ...chatModelFiles(), 'model.safetensors': 'w', 'config.json': config }), 'b');
      await use(folder, 'a');
    }
    await service.close();
    const files = await readdir(join(stateFolder, 'scores'));
    expect(files.filter((name) => name.endsWith('.scores')).length).toBeLessThanOrEqual(16);
    const later = new ScoringService(options);
    expect(later.known(await later.model({ name: folder }), contentKey(row('a')))).toBeDefined();
    await later.close();
  });

  it('scores although there is no place to keep scores', async () => {
    const stateFolder = await temporaryFolder();
    await writeFile(join(stateFolder, 'scores'), 'in the way');
    const service = new ScoringService({ stateFolder, workspace: folder, start: async () => fakeEngine() });
    const model = await service.model({ name: folder });
    const answering = answerNext();
    const scores = await service.score(model, rows('a'), { priority: 'visible' });
    await answering;
    expect(service.known(model, contentKey(row('a')))).toEqual(scores[0]);
    await service.close();
  });

  it('takes replaced weights for others, although the engine is warm', async () => {
    // The hash of these weights is their text, and another text is another probability.
    const start = async (): Promise<Engine> => {
      let weights = '';
      return {
        load: async () => ({
          id: 1,
          weightsHash: (weights = await readFile(join(folder, 'model.safetensors'), 'utf8')),
        }),
        score: async ({ sequences, from }: ScoreRequest) =>
          sequences.map((tokens, index) => ({ logprobs: tokens.slice(from?.[index]).map(() => -weights.length) })),
        dispose: async () => undefined,
      } as unknown as Engine;
    };
    const stateFolder = await temporaryFolder();
    const service = new ScoringService({ stateFolder, workspace: folder, start });
    const before = await service.model({ name: folder });
    const [old] = await service.score(before, rows('a'), { priority: 'visible' });
    await writeFile(join(folder, 'model.safetensors'), 'other weights');
    const after = await service.model({ name: folder });
    const [fresh] = await service.score(after, rows('a'), { priority: 'visible' });
    expect(after.hash).not.toBe(before.hash);
    expect([old, fresh]).toEqual([
      { logprobs: expect.arrayContaining([-1]) as number[] },
      { logprobs: expect.arrayContaining([-13]) as number[] },
    ]);
    // Whoever still has the old model is not given the new one's numbers.
    await expect(service.score(before, rows('b'), { priority: 'visible' })).rejects.toThrow('has changed');
    await service.close();
    const later = new ScoringService({ stateFolder, workspace: folder, start });
    expect((await later.model({ name: folder })).hash).toBe(after.hash);
    await later.close();
  });

  it('keeps no weights that were replaced while they were read', async () => {
    let replaced = false;
    const start = async (): Promise<Engine> =>
      ({
        load: async () => {
          if (!replaced) await writeFile(join(folder, 'model.safetensors'), 'other weights');
          replaced = true;
          return { id: 1, weightsHash: 'old' };
        },
        dispose: async () => undefined,
      }) as unknown as Engine;
    const service = new ScoringService({ stateFolder: await temporaryFolder(), workspace: folder, start });
    await expect(service.model({ name: folder })).rejects.toThrow('has changed while it was being read');
    await expect(service.model({ name: folder })).resolves.toBeDefined();
    await service.close();
  });

  it('knows no scores of texts that begin with other tokens', async () => {
    const service = await serviceOf();
    const config = { ...(chatModelFiles()['tokenizer_config.json'] as object), bos_token: '<|im_start|>' };
    const write = (value: object): Promise<void> =>
      writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(value));
    await write(config);
    const before = await service.model({ name: folder });
    await write({ ...config, add_bos_token: true });
    const after = await service.model({ name: folder });
    expect(after.texts.facts.startIds).not.toEqual(before.texts.facts.startIds);
    expect(after.hash).not.toBe(before.hash);
    await service.close();
  });

  it('takes a model anew when its folder has changed', async () => {
    const service = await serviceOf();
    const before = await service.model({ name: folder });
    expect(await service.model({ name: folder })).toBe(before);
    const files = chatModelFiles();
    await writeFile(
      join(folder, 'tokenizer_config.json'),
      JSON.stringify({
        ...(files['tokenizer_config.json'] as object),
        chat_template: 'other {{ messages[0].content }}',
      }),
    );
    const after = await service.model({ name: folder });
    expect(after.hash).not.toBe(before.hash);
    await service.close();
  });
});
