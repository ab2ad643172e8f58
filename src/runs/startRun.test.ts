import { expect, it } from 'vitest';
import { computingOf } from './startRun.ts';

it('computes as asked for, else as the file says, else as the settings say', () => {
  const settings = { device: 'cuda', threads: 2 } as const;
  const open = { device: 'auto' } as const;
  const named = { device: 'cpu', threads: 4 } as const;
  expect(computingOf(open, {})).toEqual({ device: 'auto' });
  expect(computingOf(open, { settings })).toEqual(settings);
  expect(computingOf(named, { settings })).toEqual(named);
  expect(computingOf(named, { device: 'webgpu', threads: 1, settings })).toEqual({ device: 'webgpu', threads: 1 });
});
