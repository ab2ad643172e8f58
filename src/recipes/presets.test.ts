import { describe, expect, test } from 'vitest';
import { findPreset, presets, resolveArm } from './presets.ts';
import { editDistance, nearest } from './nearest.ts';

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
    expect(
      nearest(
        'self-outptu',
        presets.map((preset) => preset.id),
      ),
    ).toBe('self-output');
  });
});

test('editDistance', () => {
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('same', 'same')).toBe(0);
});
