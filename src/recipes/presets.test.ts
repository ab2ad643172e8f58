import { describe, expect, test } from 'vitest';
import { describeError } from '../shared/errors.ts';
import { findPreset, presets, resolveArm } from './presets.ts';

describe('presets', () => {
  test('every preset is a valid point and ids are unique', () => {
    for (const preset of presets) {
      const arm = resolveArm({ name: preset.id, preset: preset.id }, { learningRates: [1e-3] });
      expect(arm.preset).toBe(preset.id);
    }
    expect(new Set(presets.map((preset) => preset.id)).size).toBe(presets.length);
  });

  test('an arm without a preset is plain fine-tuning', () => {
    expect(resolveArm({ name: 'a' }, { learningRates: [1e-3, 1e-4] })).toEqual({
      name: 'a',
      preset: undefined,
      targets: { kind: 'ground-truth' },
      mask: { kind: 'none' },
      mix: { kind: 'none' },
      trainable: { kind: 'full' },
      weightStep: { kind: 'none' },
      learningRates: [1e-3, 1e-4],
    });
  });

  test("the arm's own keys win over the preset", () => {
    const arm = resolveArm(
      { name: 'a', preset: 'stm', mask: { kind: 'stm', tau: 10, protectEos: true }, learningRates: [5e-4] },
      { learningRates: [1e-3] },
    );
    expect(arm.mask).toEqual({ kind: 'stm', tau: 10, protectEos: true });
    expect(arm.learningRates).toEqual([5e-4]);
  });

  test('an unknown preset is answered with the nearest', () => {
    expect(() => findPreset('self-outptu')).toThrow(/no preset "self-outptu"/);
    expect(describeError(caught(() => findPreset('self-outptu')))).toMatch(/Did you mean "self-output"/);
  });
});

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
