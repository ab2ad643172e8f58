// Which published methods the arms of a run follow.
import type { ResolvedArm } from '../shared/experiment.ts';
import type { MethodCard } from './reportData.ts';

/** Methods whose choices an arm makes that names no preset. */
export function methodsOf(arm: ResolvedArm, methods: readonly MethodCard[]): MethodCard[] {
  const { targets, mask, mix, trainable, weightStep } = arm;
  const ids = [
    targets.kind === 'self-output' && 'self-output',
    targets.kind === 'rephrase' && (targets.fallback === 'drop' ? 'rephrase' : 'rephrase-sdft'),
    mask.kind === 'stm' && 'stm',
    mask.kind === 'random' && 'random-mask',
    mix.kind === 'replay' && 'replay',
    trainable.kind === 'lora' && 'lora',
    weightStep.kind === 'linear-merge' && 'linear-merge',
  ];
  return ids.flatMap((id) => methods.find((method) => method.id === id) ?? []);
}

/** Every method that an arm names or follows, in the order of `methods`. */
export function methodsUsed(arms: readonly ResolvedArm[], methods: readonly MethodCard[]): MethodCard[] {
  const followed = arms.flatMap((arm) =>
    methods.some(({ id }) => id === arm.preset) ? [arm.preset] : methodsOf(arm, methods).map(({ id }) => id),
  );
  return methods.filter(({ id }) => followed.includes(id));
}
