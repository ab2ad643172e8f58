import { describe, expect, it } from 'vitest';
import { LabError } from '../shared/errors.ts';
import { english } from './translate.ts';
import { describeFailure } from './failure.ts';

describe('a failed command', () => {
  it('is told with its remedy', () => {
    const error = new LabError('run-invalid', 'There is no run "x"', { remedy: 'Choose another' });
    expect(describeFailure(error, english)).toEqual({ text: 'There is no run "x". Choose another', bug: false });
  });

  it('shows no stack and makes no links', () => {
    const failure = describeFailure(new Error('bad [a](command:b)\n    at f (file.ts:1:1)'), english);
    expect(failure).toEqual({ text: 'bad [a] (command:b)', bug: true });
  });

  it('is nothing when it was cancelled', () => {
    const cancelled = new Error('Canceled');
    cancelled.name = 'Canceled';
    expect(describeFailure(cancelled, english)).toBeUndefined();
    expect(describeFailure(new DOMException('x', 'AbortError'), english)).toBeUndefined();
  });
});
