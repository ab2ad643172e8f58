// Arms as every view shows them: their order, fixed colour and glyph, and the words for what they train on. Ground truth
// always has the first colour and self-output the second, so that pictures of different runs read alike.
import type { ResolvedArm } from './experiment.ts';
import type { RunConfig } from './records.ts';
import { formatLearningRate, formatShare } from './words.ts';

/** Colours in the palette. */
export const paletteSize = 8;

const glyphs = ['\u25cf', '\u25a0', '\u25b2', '\u25c6', '\u25bc', '\u2605', '\u2716', '\u271a'];

export interface ArmStyle {
  /** 0-based place in the palette. */
  colour: number;
  /** A sign of its own per colour, for readers without colour. */
  glyph: string;
}

/** Whether an arm is the reference: plain fine-tuning on the ground truth. */
export function isReferenceArm(arm: ResolvedArm): boolean {
  return arm.targets.kind === 'ground-truth' && isPlain(arm);
}

function isPlain(arm: ResolvedArm): boolean {
  return (
    arm.mask.kind === 'none' &&
    arm.mix.kind === 'none' &&
    arm.trainable.kind === 'full' &&
    arm.weightStep.kind === 'none'
  );
}

/** Colour and glyph of every arm by name. Beyond eight arms colours repeat from the third on. */
export function armStyles(arms: readonly ResolvedArm[]): Map<string, ArmStyle> {
  const reference = arms.find(isReferenceArm);
  const selfOutput = arms.find((arm) => arm.targets.kind === 'self-output' && isPlain(arm));
  const styles = new Map<string, ArmStyle>();
  let next = 0;
  for (const arm of arms) {
    let colour = 2 + (next % (paletteSize - 2));
    if (arm === reference) colour = 0;
    else if (arm === selfOutput) colour = 1;
    else next += 1;
    styles.set(arm.name, { colour, glyph: glyphs[colour] ?? glyphs[0] ?? '' });
  }
  return styles;
}

/** Style of an arm that may not be declared (a damaged run): the last colour. */
export function styleOf(styles: ReadonlyMap<string, ArmStyle>, arm: string): ArmStyle {
  return styles.get(arm) ?? { colour: paletteSize - 1, glyph: glyphs[paletteSize - 1] ?? '' };
}

/** `ground truth \u00b7 3e-4`, the learning rate only when the run has several. */
export function trialTitle(config: RunConfig, arm: string, lr: number): string {
  const rates = new Set(config.arms.flatMap((candidate) => candidate.learningRates));
  return rates.size > 1 ? `${arm} \u00b7 ${formatLearningRate(lr)}` : arm;
}

/** What an arm trains on, in words: `Ground truth + 10 % replay, token mask`. */
export function targetSource(arm: ResolvedArm): string {
  const words: Record<ResolvedArm['targets']['kind'], string> = {
    'ground-truth': 'Ground truth',
    'self-output': 'Own output',
    rephrase: 'Rephrase',
    column: 'Column',
  };
  let text = arm.targets.kind === 'column' ? `Column "${arm.targets.field}"` : words[arm.targets.kind];
  if (arm.mix.kind === 'replay') text += ` + ${formatShare(arm.mix.rate)} replay`;
  if (arm.mask.kind === 'stm') text += ', token mask';
  if (arm.mask.kind === 'random') text += ', random mask';
  return text;
}
