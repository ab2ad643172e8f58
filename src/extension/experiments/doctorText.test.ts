import { expect, test } from 'vitest';
import { english } from '../translate.ts';
import { doctorText } from './doctorText.ts';

test('checks stand in columns as on the command line', () => {
  const text = doctorText(
    [
      { kind: 'check', name: 'node', state: 'ok', detail: 'v24' },
      { kind: 'check', name: 'device cuda', state: 'warning', detail: 'none' },
    ],
    'end',
    english,
  );
  expect(text).toBe('ok       node           v24\nnote     device cuda    none\n\nend\n');
});
