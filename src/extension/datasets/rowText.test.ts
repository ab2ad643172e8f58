import { describe, expect, it } from 'vitest';
import type { DatasetSummary, RowActionResult, RowDetails } from '../../shared/protocol/lab/datasets.ts';
import { english } from '../translate.ts';
import { mayBeDataset } from './datasetFiles.ts';
import { mostDecorations, planColours } from './colourPlan.ts';
import {
  codeSpan,
  formatProbability,
  hintLabel,
  hoverMarkdown,
  lensTitle,
  lensTooltip,
  rowActionNotes,
} from './rowText.ts';

const summary: DatasetSummary = {
  uri: 'u',
  version: 1,
  isDataset: true,
  rows: 1500,
  bad: [],
  provenance: {},
  problems: [],
  problemCount: 0,
  read: true,
  scores: {
    model: 'pocket',
    scored: 1500,
    tokens: 20_000,
    perplexityMean: 4.834,
    perplexityStd: 7.041,
    corpusPerplexity: 3,
    done: true,
  },
};

const details: RowDetails = {
  line: 2,
  endLine: 2,
  character: 0,
  number: 3,
  state: 'scored',
  provenance: 'self_output',
  perplexity: 4.83,
  tokens: 14,
  format: 'messages',
  model: '/models/runs/final',
  meanNll: 1.5748,
  hardest: [
    {
      text: '#',
      p: 0.001,
      masked: false,
      endOfTurn: false,
      ranges: [],
      alternatives: [
        { text: 'Let', p: 0.97 },
        { text: '#', p: 0.001 },
      ],
    },
  ],
  stmTokens: 5,
  contextTokens: 31,
};

describe('words about rows', () => {
  it('sum up a file on line one', () => {
    expect(lensTitle(summary, english)).toBe('1,500 rows, 20,000 tokens, perplexity 4.83 (7.04) under pocket');
    const partly = {
      ...summary,
      problemCount: 2,
      scores: { ...summary.scores!, done: false, scored: 640, tokens: 8500 },
    };
    expect(lensTitle(partly, english)).toBe(
      '1,500 rows, 2 problems, perplexity 4.83 (7.04) of 640 rows with 8,500 tokens under pocket',
    );
    const failure = { message: 'The model folder x does not exist' };
    expect(lensTitle({ ...summary, scores: { ...summary.scores!, failure } }, english)).toContain(
      'not scored: The model',
    );
  });

  it('name a checkpoint by its run, and its name is text', () => {
    const name = 'ground truth, pocket 2026-11-21 11:11';
    expect(lensTitle(summary, english, name)).toMatch(/ under ground truth, pocket 2026-11-21 11:11$/);
    expect(lensTitle(summary, english, '$(trash) x')).toMatch(/ under \\\$\(trash\) x$/);
  });

  it('say on how many rows of a large file the summary stands', () => {
    const large = { ...summary, rows: 100_000, scores: { ...summary.scores!, scored: 20_000, limit: 20_000 } };
    expect(lensTitle(large, english)).toBe(
      '100,000 rows, perplexity 4.83 (7.04) of 20,000 rows with 20,000 tokens under pocket',
    );
    expect(lensTooltip(large, english)).toContain('Only the first 20,000 rows are scored for this');
    expect(lensTooltip(summary, english)).not.toContain('Only the first');
  });

  it('say what was wanted and what the model expected', () => {
    const text = hoverMarkdown(details, english);
    expect(text).toContain('wanted `#` 0.001, expected `Let` 0.97');
    expect(text).toContain('**Perplexity 4.83** of 14 trained-on tokens under runs/final, 1.575 nats a token');
    expect(text).toContain('14 tokens trained on, 31 of context left out');
    expect(text).toContain('Row 3, own output, format messages');
  });

  it('let no text of a file or model be anything but text', () => {
    const hostile = '`[x](command:evil)</code><img src=x onerror=alert(1)>\n# h';
    const token = { ...details.hardest[0]!, text: hostile, alternatives: [{ text: '``a``', p: 0.5 }] };
    const text = hoverMarkdown({ ...details, model: '[m](command:evil)', hardest: [token] }, english);
    expect(text).not.toContain('under [m](');
    // One line, inside a code span whose fence is longer than any in the text.
    expect(codeSpan(hostile)).toBe('`` `[x](command:evil)</code><img src=x onerror=alert(1)>↵# h ``');
    expect(text).toContain('``` ``a`` ```');
    expect(text.split('\n').filter((line) => line.startsWith('#'))).toEqual([]);
  });

  it('show white space', () => {
    expect(codeSpan('  a b')).toBe('`␣␣a b`');
    expect(codeSpan('\n')).toBe('`↵`');
    expect(codeSpan('')).toBe('∅');
    expect(codeSpan('\u202egnp')).toBe('`\ufffdgnp`');
  });

  it('write probabilities and hints', () => {
    expect([0.97, 0.4, 0.034, 0.001, 0.0000021, 0].map(formatProbability)).toEqual([
      '0.97',
      '0.40',
      '0.03',
      '0.001',
      '2e-6',
      '0',
    ]);
    expect(hintLabel({ ...details })).toBe('4.83');
    expect(hintLabel({ line: 1, endLine: 1, character: 0, number: 2, state: 'pending' })).toBe('····');
    expect(hintLabel({ line: 1, endLine: 1, character: 0, number: 2, state: 'bad', reason: 'x' })).toBeUndefined();
  });
});

describe('what is said when an action has changed rows', () => {
  const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
  const result = (changed: number, more: Partial<RowActionResult> = {}): RowActionResult => ({
    version: 1,
    edits: Array.from({ length: changed }, () => ({ range, newText: '{}' })),
    skipped: [],
    selected: changed,
    ...more,
  });

  it('is nothing when all went as asked', () => {
    expect(rowActionNotes('self-output', result(3, { verifier: 'exact' }), english).notes).toEqual([]);
    expect(rowActionNotes('mask-hard', result(3), english).notes).toEqual([]);
  });

  it('names answers that nobody verified', () => {
    for (const action of ['self-output', 'rephrase'] as const) {
      const { notes, isWarning } = rowActionNotes(action, result(3), english);
      expect(notes).toEqual([expect.stringContaining('not verified')]);
      expect(isWarning).toBe(true);
      expect(rowActionNotes(action, result(0), english).notes).toEqual([]);
    }
  });

  it('counts the rows that were left out, and those that stay as they are', () => {
    const skipped = [{ number: 7, reason: 'it is long' }];
    expect(rowActionNotes('mask-hard', result(199, { skipped, selected: 1000 }), english)).toEqual({
      notes: [
        'Only the first 200 of 1,000 selected rows were taken, Build Targets takes a whole file',
        'Row 7 stays as it is: it is long',
      ],
      isWarning: true,
    });
    expect(rowActionNotes('mask-hard', result(1, { skipped, selected: 2 }), english).isWarning).toBe(false);
  });
});

describe('which documents are asked about', () => {
  const may = (path: string, text: string): boolean => {
    const lines = text.split('\n');
    return mayBeDataset(path, lines.length, (line) => lines[line] as string);
  };

  it('are those that look like rows', () => {
    expect(may('/w/data.jsonl', '')).toBe(true);
    expect(may('/w/data.json', '\n [\n{"a":1}]')).toBe(true);
    expect(may('/w/data.json', '{"a":1}\n{"a":2}')).toBe(true);
    expect(may('/w/data.json', '{\n"a":1}')).toBe(false);
    expect(may('/w/data.json', '')).toBe(false);
    for (const name of ['package.json', 'tsconfig.base.json', 'a.experiment.json', 'x.schema.json', 'tokenizer.json']) {
      expect([name, may(`/w/${name}`, '[{"a":1}]')]).toEqual([name, false]);
    }
  });
});

describe('the plan of colours', () => {
  const marks = (count: number, bin: 0 | 1 | 2 | 3 | 4, line = 0) =>
    Array.from({ length: count }, (_, index) => ({
      line,
      start: index,
      end: index + 1,
      bin,
      logprob: -bin,
      masked: false,
    }));
  const seen = (from: number, to: number, columns: [number, number] = [0, 100_000]) => [
    { start: { line: from, character: columns[0] }, end: { line: to, character: columns[1] } },
  ];
  const rowWith = (list: ReturnType<typeof marks>) => ({ ...details, marks: list });

  it('leaves easy tokens and hidden lines alone', () => {
    const plan = planColours([rowWith([...marks(2, 0), ...marks(3, 3), ...marks(4, 4, 9)])], seen(0, 5));
    expect([plan.bin3.length, plan.bin4.length]).toEqual([3, 0]);
  });

  it('draws the hardest when there are too many', () => {
    const plan = planColours([rowWith([...marks(900, 1), ...marks(700, 4), ...marks(400, 2)])], seen(0, 5));
    expect([plan.bin4.length, plan.bin2.length, plan.bin1.length]).toEqual([700, 300, 0]);
    expect(Object.values(plan).flat()).toHaveLength(mostDecorations);
  });

  it('shows masked tokens as masked, whatever their difficulty', () => {
    const [mark] = marks(1, 4);
    const plan = planColours([rowWith([{ ...mark!, masked: true }])], seen(0, 5));
    expect([plan.masked.length, plan.bin4.length]).toEqual([1, 0]);
  });

  it('follows what is seen of a long line that is wrapped', () => {
    const row = rowWith(marks(20_000, 4));
    for (const from of [0, 9000, 19_000]) {
      const { bin4 } = planColours([row], seen(0, 0, [from, from + 400]));
      const columns = bin4.map(({ start }) => start.character);
      expect(columns.length).toBeLessThanOrEqual(mostDecorations);
      for (let column = from; column < from + 400; column++) expect(columns).toContain(column);
    }
  });

  it('leaves out the least hard of a long line that is seen as a whole, wherever they stand', () => {
    const all = marks(4000, 4).map((mark, index) => ({ ...mark, logprob: -5 - (index % 4) }));
    const { bin4 } = planColours([rowWith(all)], seen(0, 0));
    expect(bin4).toHaveLength(mostDecorations);
    expect(bin4.every(({ start }) => start.character % 4 === 3)).toBe(true);
    expect(Math.max(...bin4.map(({ start }) => start.character))).toBe(3999);
  });
});
