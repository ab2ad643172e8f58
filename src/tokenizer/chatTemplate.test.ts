import { describe, expect, test } from 'vitest';
import type { Message } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import { createChatTemplate } from './chatTemplate.ts';
import { chatmlTemplate } from './testTokenizers.ts';

const turns: Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi {{ 1 + 1 }} <b>' },
];

/** The error of a template that renders a user turn, as one line. */
function failure(source: string): LabError {
  try {
    createChatTemplate(source, {}).render(turns, { addGenerationPrompt: true });
  } catch (error) {
    if (error instanceof LabError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test('renders turns as text, never as template', () => {
  const template = createChatTemplate(chatmlTemplate, {});
  const start = '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi {{ 1 + 1 }} <b><|im_end|>\n';
  expect(template.render(turns, { addGenerationPrompt: false })).toBe(start);
  expect(template.render(turns, { addGenerationPrompt: true })).toBe(`${start}<|im_start|>assistant\n`);
});

test('the template sees special tokens, no tools, and trimmed blocks as in transformers', () => {
  const source = `{{ bos_token }}
{%- if tools is not none %}
    tools
{% endif %}
{% for m in messages %}
  {%- if loop.last %}{{ m.content | trim }}{{ eos_token }}{% endif %}
{% endfor %}`;
  const template = createChatTemplate(source, { bos_token: '<s>', eos_token: '</s>' });
  expect(template.render([{ role: 'user', content: ' x ' }], { addGenerationPrompt: false })).toBe('<s>x</s>');
});

test('strip takes the characters it is given, as in Python', () => {
  const source =
    "{{ m.lstrip('\\n') }}|{{ m.rstrip('\\n') }}|{{ m.strip('\\nx') }}|{{ m.strip() }}|{{ m.split('x')[0].lstrip('\\n') }}";
  const template = createChatTemplate(`{% set m = messages[0].content %}${source}`, {});
  const rendered = template.render([{ role: 'user', content: '\n\n x\n' }], { addGenerationPrompt: false });
  expect(rendered.split('|')).toEqual([' x\n', '\n\n x', ' ', 'x', ' ']);
});

test('the date never changes', () => {
  const template = createChatTemplate("{{ strftime_now('%d %b %Y') }}{{ strftime_now('%Q%%') }}", {});
  expect(template.render([], { addGenerationPrompt: false })).toBe('26 Jul 2024%Q%');
});

test('the hash depends on the template and on the special tokens', () => {
  const hash = createChatTemplate('{{ bos_token }}', { bos_token: '<s>' }).hash;
  expect(createChatTemplate('{{ bos_token }}', { bos_token: '<s>' }).hash).toBe(hash);
  expect(createChatTemplate('{{ bos_token }}', { bos_token: '<t>' }).hash).not.toBe(hash);
  expect(createChatTemplate('{{ bos_token}}', { bos_token: '<s>' }).hash).not.toBe(hash);
});

describe('a template that misbehaves is an error that can be mended', () => {
  test('one that raises', () => {
    const error = failure("{{ raise_exception('System role not supported') }}");
    expect(error.code).toBe('template-invalid');
    expect(error.message).toContain('System role not supported');
    expect(error.remedy).toBeTruthy();
  });

  test('one that cannot be parsed', () => {
    expect(failure('{% for m in messages %}').code).toBe('template-invalid');
  });

  test.each([
    ['a long range', '{% for a in range(1000000000) %}x{% endfor %}'],
    ['a range without end', '{% for a in range(0, 1, 0) %}x{% endfor %}'],
    ['a range without a length', '{% for a in range(0, 0, 0) %}x{% endfor %}'],
    ['nested loops', '{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}'],
    [
      'empty loops',
      '{% set r = range(9999) %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}' +
        '{% for a in r %}{% for b in r %}{% for c in r %}{% endfor %}{% endfor %}{% endfor %}',
    ],
    ['endless recursion', '{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}'],
    [
      'a doubled string',
      "{% set n = namespace(s='aaaaaaaa') %}{% for a in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}",
    ],
  ])('%s', { timeout: 20_000 }, (_, source) => {
    expect(failure(source).code).toBe('template-invalid');
  });
});
