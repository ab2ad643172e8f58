import { describe, expect, it } from 'vitest';
import { alignAnswer } from '../../data/alignAnswer.ts';
import { readExample, type DatasetFormat } from '../../data/examples.ts';
import { detectFormat } from '../../data/formats.ts';
import { chatModelFiles, textSideOf } from '../../data/testFolder.ts';
import { encodeScorable } from '../../recipes/scoreRows.ts';
import { inEnglish } from '../../shared/phrase.ts';
import { byteLevelTokenizer } from '../../tokenizer/testTokenizers.ts';
import { mapRow, rawSpans, tokenSpans } from './rowMap.ts';

/** Texts that are hard to find again in their JSON. */
const hardTexts = [
  'plain words',
  'line one\nline two\ttabbed\r\nthird',
  'quotes " and \\ backslashes \\n that are no line breaks \\u0041',
  'emoji 😀 family 👨‍👩‍👧 flag 🇹🇼',
  '漢字 and かな, 繁體中文',
  'combining e\u0301 and \u200b zero width',
  'a / slash, \b bell \f feed',
  '\u2028 separators \u2029',
  '𝒳 outside the basic plane, twice 𝒳𝒳',
];

/** The same text as JSON in the ways that tools write it. */
const spellings: Record<string, (text: string) => string> = {
  plain: (text) => JSON.stringify(text),
  'ascii only': (text) => JSON.stringify(text).replace(/[\u0080-\uffff]/g, escapeUnit),
  'everything escaped': (text) =>
    `"${[...Array(text.length).keys()].map((at) => escapeUnit(text.charAt(at))).join('')}"`,
  'slashes escaped': (text) => JSON.stringify(text).replaceAll('/', '\\/'),
  'mixed, capitals': (text) =>
    JSON.stringify(text).replace(/[aeiou]/g, (unit) => escapeUnit(unit).toUpperCase().replace('\\U', '\\u')),
};

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A row of every format around an answer that is JSON already. */
const rows: { [F in DatasetFormat]: (answer: string) => string } = {
  'prompt-completion': (answer) =>
    `{"prompt":[{"role":"user","content":"Say \\"it\\""}], "completion":[{"role":"assistant","content":${answer}}],"native":${answer}}`,
  messages: (answer) =>
    `{"messages": [{"role":"user","content":${answer}},{"role":"assistant","content": ${answer} }] }`,
  sharegpt: (answer) => `{"conversations":[{"from":"human","value":"Hi"},{"from":"gpt","value":${answer}}]}`,
  alpaca: (answer) => `{"instruction":"Repeat","input":${answer},"output":${answer},"output2":"no"}`,
  'question-answer': (answer) => `{ "question" : "What?" , "answer" : ${answer} }`,
  text: (answer) => `{"meta":{"text":"not this one"},"text":${answer}}`,
};

/** Merges of the byte tokenizer that let tokens span characters. */
const merges: [string, string][] = [
  ['l', 'i'],
  ['li', 'n'],
  ['lin', 'e'],
  ['Ġ', 'a'],
  ['ð', 'Ł'],
];

const decode = (raw: string, spans: readonly { start: number; end: number }[]): string =>
  spans.map(({ start, end }) => JSON.parse(`"${raw.slice(start, end)}"`) as string).join('');

describe('tokens in the raw text of a row', () => {
  for (const format of Object.keys(rows) as DatasetFormat[]) {
    for (const [spelling, write] of Object.entries(spellings)) {
      it(`decode back to their text: ${format}, ${spelling}`, async () => {
        const side = await textSideOf({ 'tokenizer.json': byteLevelTokenizer({ merges }) });
        for (const text of hardTexts) {
          const raw = rows[format](write(text));
          const json = JSON.parse(raw) as Record<string, unknown>;
          expect(detectFormat(json)).toBe(format);
          const part = encodeScorable(side, readExample(json, { file: 'x', line: 1 }, format));
          if ('reason' in part) throw new Error(inEnglish(part.reason));
          const strings = mapRow(raw, format);
          if (!strings) throw new Error('no strings');
          const spans = tokenSpans(strings.answer, part);
          spans.forEach((places, index) => {
            expect(decode(raw, places)).toBe(part.text.slice(part.starts[index], part.ends[index]));
          });
          const first = part.starts[0] as number; // raw text without start token: its first token is context
          expect(spans.map((places) => decode(raw, places)).join('')).toBe(text.slice(first));
        }
      });
    }
  }

  it('find answers that the template trims, and what it writes around them', async () => {
    const template =
      "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% if message['role'] == 'assistant' %}<think>\n\n</think>\n\n{% endif %}" +
      "{{ message['content'] | trim }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    const config = { eos_token: '<|endoftext|>', chat_template: template };
    const side = await textSideOf({ ...chatModelFiles(), 'tokenizer_config.json': config });
    const answer = ' \n 😀 trimmed answer \t';
    const raw = rows.messages(JSON.stringify(answer));
    const example = readExample(JSON.parse(raw) as Record<string, unknown>, { file: 'x', line: 1 }, 'messages');
    const part = encodeScorable(side, example);
    if ('reason' in part) throw new Error(inEnglish(part.reason));
    expect(part.text).toContain('</think>');
    const spans = tokenSpans(mapRow(raw, 'messages')?.answer ?? [], part);
    expect(spans.map((places) => decode(raw, places)).join('')).toBe(answer.trim());
    // The end of the turn has no place.
    expect(spans[part.endIndex]).toEqual([]);
  });

  it('keep what is left when a template leaves out a thought', () => {
    const answer = '<think>\nlong thought\n</think>\n\nThe answer is 42, as everybody knows by now.';
    const rest = answer.slice(answer.indexOf('The'));
    expect(alignAnswer(answer, rest)).toEqual({ from: answer.indexOf('The'), at: 0, length: rest.length });
    expect(alignAnswer('nothing alike', 'QWZ')).toBeUndefined();
  });

  it('are not those that a template writes before a short answer', () => {
    const scored = '<think>\n\n</think>\n\nthink';
    const at = scored.length - 'think'.length;
    expect(alignAnswer('think', scored)).toEqual({ from: 0, at, length: 5 });
    expect(alignAnswer(' think ', scored)).toEqual({ from: 1, at, length: 5 });
  });

  it('cross the parts of a message in parts', () => {
    const raw =
      '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"text","text":"ab\\n"},{"type":"text","text":"cd"}]}]}';
    const strings = mapRow(raw, 'messages')?.answer ?? [];
    expect(strings.map(({ text }) => text)).toEqual(['ab\n', 'cd']);
    const spans = rawSpans(strings, 1, 4);
    expect(spans.map(({ start, end }) => raw.slice(start, end))).toEqual(['b\\n', 'c']);
  });

  it('take the last of several columns with one name, as JSON.parse does', () => {
    const raw = '{"question":"q","answer":"first","answer":"second"}';
    expect(mapRow(raw, 'question-answer')?.answer[0]?.text).toBe('second');
  });
});
