// Cosine and sine tables of rotary position embeddings (2104.09864), with the frequency scaling of long-context models.
import type { ModelSpec } from './config.ts';

/** Two [positions, headDim / 2] tables, row-major. */
export function rotaryTables(spec: ModelSpec, positions: number): { cosine: Float32Array; sine: Float32Array } {
  const half = spec.headDim / 2;
  const cosine = new Float32Array(positions * half);
  const sine = new Float32Array(positions * half);
  for (let pair = 0; pair < half; pair++) {
    const frequency = scaledFrequency(spec, spec.ropeTheta ** ((-2 * pair) / spec.headDim));
    for (let position = 0; position < positions; position++) {
      cosine[position * half + pair] = Math.cos(position * frequency);
      sine[position * half + pair] = Math.sin(position * frequency);
    }
  }
  return { cosine, sine };
}

/** Llama 3 slows low frequencies by `factor`, keeps high ones and blends between, by wavelength against the old context. */
function scaledFrequency(spec: ModelSpec, frequency: number): number {
  const scaling = spec.ropeScaling;
  if (scaling.kind === 'none') return frequency;
  if (scaling.kind === 'linear') return frequency / scaling.factor;
  const turns = (scaling.originalContext * frequency) / (2 * Math.PI);
  if (turns < scaling.lowFrequency) return frequency / scaling.factor;
  if (turns > scaling.highFrequency) return frequency;
  const blend = (turns - scaling.lowFrequency) / (scaling.highFrequency - scaling.lowFrequency);
  return ((1 - blend) * frequency) / scaling.factor + blend * frequency;
}
