import { expect, test } from 'vitest';
import type { ExperimentDiagnostic } from '../../shared/protocol/lab/experiments.ts';
import { blocking, refusal } from './refusal.ts';

const problem = (line: number, message: string): ExperimentDiagnostic => ({
  range: { start: { line, character: 4 }, end: { line, character: 9 } },
  message,
  code: 'wrong-value',
});

test('a refusal has the words and places of the command line', () => {
  expect(refusal('/a/b.experiment.yaml', [problem(2, 'no such file: x')])).toMatchObject({
    code: 'experiment-invalid',
    message: 'b.experiment.yaml has a problem: b.experiment.yaml:3:5 no such file: x',
  });
  const many = refusal(
    'C:\\a\\b.experiment.yaml',
    [1, 2, 3, 4, 5].map((line) => problem(line, `p${line}`)),
  );
  expect(many.message).toMatch(/^b\.experiment\.yaml has 5 problems: .*:2:5 p1; .*p2; .*p3 \.\.\. \(2 more\)$/);
});

test('a warning keeps no experiment from being launched', () => {
  const wrong = problem(2, 'no such file: x');
  expect(blocking([{ ...problem(0, 'Name also used'), severity: 'warning' }, wrong])).toEqual([wrong]);
});
