import { describe, expect, it } from 'vitest';
import { withAnswer, withGroundTruth, withMask } from './rowEdits.ts';

const rows = {
  'prompt-completion': [
    '{"prompt":[{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a \\u6f22 \\/ \\ud83d\\ude00"}],"native":"n"}',
    '{"prompt": "q", "completion": "a", "provenance": "native", "answer": "3"}',
  ],
  messages: [
    '{ "messages": [ {"role":"user","content":"q"}, {"role":"assistant","content":[{"type":"text","text":"a"}]} ] }',
  ],
  sharegpt: ['{"id":1,"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a\\n"}]}'],
  alpaca: ['  {"instruction":"i","input":"","output":"o"}  '],
  'question-answer': ['{\n    "question": "q",\n    "answer": "a"\n  }'],
} as const;

describe('changes of rows', () => {
  for (const [format, texts] of Object.entries(rows)) {
    it(`go back letter by letter: ${format}`, () => {
      for (const raw of texts) {
        const changed = withAnswer(raw, format as keyof typeof rows, 'my "own" 答\n', 'self_output');
        const json = JSON.parse(changed) as Record<string, unknown>;
        expect(json['provenance']).toBe('self_output');
        expect(json['lab_ground_truth']).toBeDefined();
        expect(JSON.stringify(json)).toContain(JSON.stringify('my "own" 答\n'));
        expect(withGroundTruth(changed, format as keyof typeof rows)).toBe(raw);
        // A second change keeps the first ground truth.
        const again = withAnswer(changed, format as keyof typeof rows, 'other', 'rephrase');
        expect(JSON.parse(again)).toMatchObject({
          provenance: 'rephrase',
          lab_ground_truth: json['lab_ground_truth'] as string,
        });
        expect(withGroundTruth(again, format as keyof typeof rows)).toBe(raw);
        expect(withGroundTruth(withMask(raw, [[0, 1]], [0]), format as keyof typeof rows)).toBe(raw);
      }
    });
  }

  it("leave a dataset's own column of reference answers alone", () => {
    const raw = '{"question":"6 * 7?","answer":"Six times seven is 42.","ground_truth":"42"}';
    expect(withGroundTruth(raw, 'question-answer')).toBe(raw);
    const changed = withAnswer(raw, 'question-answer', '42, I think.', 'self_output');
    expect(JSON.parse(changed)).toMatchObject({ answer: '42, I think.', ground_truth: '42' });
    expect(withGroundTruth(changed, 'question-answer')).toBe(raw);
  });

  it('take away what held for the other answer', () => {
    const raw =
      '{"question":"q","answer":"a","ppl":3.5,"logprobs":[-1.2],"mask":[[0,1]],"masked":[0],"source":{"line":3}}';
    const changed = withAnswer(raw, 'question-answer', 'b', 'self_output');
    expect(JSON.parse(changed)).toEqual({
      question: 'q',
      answer: 'b',
      source: { line: 3 },
      provenance: 'self_output',
      lab_ground_truth: 'a',
    });
  });

  it('keep the style of the row', () => {
    const pretty = '{\n    "question": "q",\n    "answer": "a"\n  }';
    expect(withMask(pretty, [[0, 1]], [0])).toBe(
      '{\n    "question": "q",\n    "answer": "a",\n    "mask": [[0,1]],\n    "masked": [0]\n  }',
    );
    expect(withMask('{"question":"q","answer":"a","mask":[[1,2]]}', [[0, 1]], [0])).toBe(
      '{"question":"q","answer":"a","mask":[[0,1]],"masked":[0]}',
    );
  });
});
