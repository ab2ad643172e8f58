// The official reference answers, judged by their own scorers: everything must parse and be right.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseCall } from '../pythonCall.ts';
import { findScorer } from '../scorers.ts';

const data = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));
const gsm8kFile = `${data}gsm8k/test.jsonl`;
const openfunctions = `${data}openfunctions/`;
if (!existsSync(data)) console.warn(`skipped: the official data are not at ${data}`);

interface CallRow {
  instruction: string;
  output: string;
}

function callRows(name: string): CallRow[] {
  return JSON.parse(readFileSync(`${openfunctions}${name}.json`, 'utf8')) as CallRow[];
}

/** How many outputs the scorer takes for right, strictly and leniently, against the references. */
function accepted(scorer: string, rows: readonly CallRow[], outputs: readonly CallRow[]): [number, number] {
  const verdicts = rows.map((row, index) =>
    findScorer(scorer).judge(outputs[index]?.output ?? '', { answer: row.output, fields: { ...row } }, 'stop'),
  );
  return [verdicts.filter((v) => v.strict === 1).length, verdicts.filter((v) => v.lenient === 1).length];
}

describe.skipIf(!existsSync(gsm8kFile))('GSM8K test set', () => {
  it('reads all 1,319 official answers and finds them right', () => {
    const rows = readFileSync(gsm8kFile, 'utf8').trim().split('\n');
    const scorer = findScorer('gsm8k');
    const wrong = rows.filter((line) => {
      const fields = JSON.parse(line) as { answer: string };
      const item = { answer: fields.answer, fields: { ...fields } };
      return scorer.check?.(item) !== undefined || scorer.judge(fields.answer, item, 'stop').strict !== 1;
    });
    expect(rows.length).toBe(1319);
    expect(wrong).toEqual([]);
  });
});

describe.skipIf(!existsSync(openfunctions))('OpenFunctions', () => {
  it.each(['call', 'openfunctions_contains'])('%s accepts all 112 official test answers', (scorer) => {
    const rows = callRows('openfunction_test');
    expect(accepted(scorer, rows, rows)).toEqual([112, 112]);
  });

  it('reads all training answers but those with operators or a called result', () => {
    const unread = callRows('openfunction_train').filter((row) => 'problem' in parseCall(row.output));
    expect(unread.map((row) => row.output)).toEqual([
      expect.stringContaining('(form=\'NFC\')("Hello World")'),
      expect.stringContaining('[i for i in range(100)]'),
      expect.stringContaining('size=1024*1024*1024'),
    ]);
  });

  it('takes the 236 self-distilled targets that differ for right, as the release that made them did', () => {
    const gold = callRows('openfunction_train');
    const own = callRows('distilled_openfunction');
    const differing = gold.flatMap((row, index) => (own[index]?.output === row.output ? [] : [index]));
    const pick = (rows: CallRow[]): CallRow[] => differing.flatMap((index) => rows[index] ?? []);
    expect(differing.length).toBe(236);
    for (const scorer of ['call', 'openfunctions_contains']) {
      expect(accepted(scorer, pick(gold), pick(own))).toEqual([236, 236]);
    }
  });
});
