import { expect, it } from 'vitest';
import { chatModelFiles, textSideOf } from '../../data/testFolder.ts';
import { encodeScorable } from '../../recipes/scoreRows.ts';
import type { Example } from '../../shared/dataset.ts';
import { toTokens } from './tokens.ts';

const template =
  "{% for m in messages %}<|im_start|>{{ m['role'] + '\n' }}{% if m['role'] == 'assistant' %}<think>\n\n</think>\n\n{% endif %}" +
  "{{ m['content'] | trim }}{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}<|im_start|>{{ 'assistant\n' }}{% endif %}";

async function tokensOf(answer: string, length: number) {
  const config = { eos_token: '<|endoftext|>', chat_template: template };
  const side = await textSideOf({ ...chatModelFiles(), 'tokenizer_config.json': config });
  const example: Example = {
    body: { kind: 'chat', prompt: [{ role: 'user', content: 'q' }], completion: answer },
    provenance: 'ground_truth',
    source: { file: 'f', line: 1 },
    fields: {},
  };
  const part = encodeScorable(side, example);
  if ('reason' in part) throw new Error('not scored');
  const ids = part.tokens.slice(part.from);
  const texts = ids.map((id) => side.tokenizer.tokenText(id));
  const row = { kind: 'scored', ...part, ids, texts, logprobs: ids.map(() => -1) } as const;
  return toTokens(row, { answer, length }, []);
}

it('tokens lie in the answer, though the template trims it and writes a thought before it', async () => {
  const tokens = await tokensOf(' 42 ', Infinity);
  const wide = tokens.filter(({ start, end }) => end > start);
  expect(wide.map(({ text, start, end }) => [text, start, end])).toEqual([
    ['4', 1, 2],
    ['2', 2, 3],
  ]);
  // What the template adds has no extent; the end of the turn stands behind everything.
  expect(tokens.map(({ text }) => text).join('')).toBe('<think>\n\n</think>\n\n42<|im_end|>');
  expect(tokens.at(-1)).toMatchObject({ text: '<|im_end|>', start: 4, end: 4 });
});

it('of an answer that is cut those of what is left are told', async () => {
  const tokens = await tokensOf(' 42 ', 2);
  expect(tokens.filter(({ start, end }) => end > start).map(({ text }) => text)).toEqual(['4']);
  expect(tokens.at(-1)).toMatchObject({ text: '4', start: 1, end: 2 });
});
