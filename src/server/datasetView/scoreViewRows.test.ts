// Tokens of rows in the view, under chat templates that trim and write around the answer, with a made-up engine.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { chatModelFiles, folderWith, temporaryFolder } from '../../data/testFolder.ts';
import type { Engine, ScoreRequest } from '../../engine/engine.ts';
import { ScoringService } from '../datasets/scoringService.ts';
import { DatasetFile } from './datasetFile.ts';
import { scoreViewRows } from './scoreViewRows.ts';

const turn = (content: string, before = ''): string =>
  `{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}{% if m['role'] == 'assistant' %}${before}{% endif %}` +
  `{{ ${content} }}{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`;

const engine = {
  load: async () => ({ id: 1, weightsHash: 'w' }),
  score: async ({ sequences, from }: ScoreRequest) =>
    sequences.map((tokens, index) => ({ logprobs: tokens.slice(from?.[index]).map(() => -1), greedy: [] })),
  dispose: async () => undefined,
} as unknown as Engine;

/** The only row of a file under a model of bytes with a template. */
async function scoreOf(row: string, template: string) {
  const config = { eos_token: '<|endoftext|>', chat_template: template };
  const model = await folderWith({ ...chatModelFiles(), 'tokenizer_config.json': config, 'model.safetensors': 'w' });
  const file = join(await temporaryFolder(), 'rows.jsonl');
  await writeFile(file, `  ${row}\n`);
  const view = await DatasetFile.open('1', file, () => undefined);
  const service = new ScoringService({
    stateFolder: await temporaryFolder(),
    workspace: model,
    start: async () => engine,
  });
  onTestFinished(async () => {
    await view.close();
    await service.close();
  });
  const [score] = await scoreViewRows(view, service, { name: model }, [0], new AbortController().signal);
  return score!;
}

it.each([
  ['one that thinks', turn("m['content'] | trim", '<think>\n\n</think>\n\n')],
  ['one that trims', turn("m['content'] | trim")],
  ['one that does neither', turn("m['content']")],
])('tokens lie on the answer as the file has it: %s', async (_, template) => {
  const score = await scoreOf('{"prompt":"6*7?","completion":" think 42"}', template);
  expect(score.answer).toBe(' think 42');
  const shown = score.tokens!.filter(({ start, end }) => end > start);
  const trimmed = template.includes('trim');
  expect(shown.map(({ text, start, end }) => [text, score.answer!.slice(start, end)])).toEqual(
    [...(trimmed ? 'think 42' : ' think 42')].map((unit) => [unit, unit]),
  );
  const end = score.tokens!.at(-1)!;
  expect([end.text, end.start, end.end]).toEqual(['<|im_end|>', 9, 9]);
});

it('where a template writes something else, what was scored is shown', async () => {
  const score = await scoreOf('{"prompt":"6*7?","completion":"forty-two"}', turn('"QWZ"'));
  // No end of turn is known of such a template.
  expect(score.answer).toBe('QWZ<|im_end|>\n');
  expect(score.tokens!.map(({ start, end }) => score.answer!.slice(start, end)).join('')).toBe(score.answer);
  expect(score.answerPlaces).toBeUndefined();
});

it.each([
  ['{"prompt":"Add","completion":"18","native":"18","answer":"18"}', ['18']],
  ['{"answer":"18","messages":[{"role":"user","content":"18"},{"role":"assistant","content":"18"}]}', ['18']],
  [
    '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"text","text":"1\\n"},{"type":"text","text":"8"}]}]}',
    ['1\\n', '8'],
  ],
])('the answer has its place in the row: %s', async (row, strings) => {
  const { answerPlaces = [] } = await scoreOf(row, turn("m['content']"));
  expect(answerPlaces.map(({ start, end }) => row.slice(start, end))).toEqual(strings);
  const before = row.slice(0, answerPlaces[0]?.start);
  expect(before).toMatch(/("completion":|"assistant","content":(\[\{"type":"text","text":)?)"$/);
});
