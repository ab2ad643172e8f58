import { expect, test } from 'vitest';
import { parseExperimentText } from '../../runs/experimentSource.ts';
import { yamlWord } from './yamlText.ts';

test.each(['a', 'new calls', 'é ü', 'a (1)', 'data/x.jsonl', './x', '.hidden', '.5x', '$x', 'self-output'])(
  'the word %j stands without quotes',
  (word) => {
    expect(yamlWord(word)).toBe(word);
  },
);

test.each([
  '.5',
  '.5e3',
  '.inf',
  '.Inf',
  '.NaN',
  '1',
  '0x1F',
  'true',
  'Null',
  'yes',
  '~',
  '',
  '...',
  'a ',
  'a: b',
  'a #b',
])('the word %j is written in quotes', (word) => {
  expect(yamlWord(word)).toBe(JSON.stringify(word));
});

test('every word is read as it was written', () => {
  for (const word of ['.5', '.inf', 'a', 'a ', '+.inf', '-.5', '1e5', '2020-01-01', '---', "it's", 'x\u2028y']) {
    expect(parseExperimentText('/x.yaml', `name: ${yamlWord(word)}\n`).value).toEqual({ name: word });
  }
});
