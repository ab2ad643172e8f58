// Choosing the next token from a distribution: temperature, top-k, top-p. Pure functions over logprobs.
import { createRandom } from '../../shared/random.ts';

export interface SamplingSettings {
  temperature: number;
  /** Keep the smallest set of tokens whose probability reaches this; 1 keeps all. */
  topP: number;
  /** Keep the k most probable tokens; 0 keeps all. */
  topK: number;
}

/** Independent uniform numbers for one sequence, from its own seed. */
export const sequenceRandom = (seed: number): (() => number) => createRandom(seed);

/**
 * Draws a token id. Truncation (top-k, then top-p) acts on the tempered distribution, as in `transformers`.
 * @param logprobs natural log-probabilities of every token, length V.
 * @param uniform in [0, 1).
 */
export function drawToken(logprobs: Float32Array, settings: SamplingSettings, uniform: number): number {
  const truncated = settings.topP < 1 || settings.topK > 0;
  return truncated ? drawTruncated(logprobs, settings, uniform) : drawPlain(logprobs, settings.temperature, uniform);
}

function drawPlain(logprobs: Float32Array, temperature: number, uniform: number): number {
  const peak = maximum(logprobs);
  let total = 0;
  for (const logprob of logprobs) total += Math.exp((logprob - peak) / temperature);
  let left = uniform * total;
  for (let id = 0; id < logprobs.length; id++) {
    left -= Math.exp((logprobs[id]! - peak) / temperature);
    if (left < 0) return id;
  }
  return logprobs.indexOf(peak);
}

function drawTruncated(logprobs: Float32Array, settings: SamplingSettings, uniform: number): number {
  const kept = truncate(logprobs, settings);
  const total = kept.reduce((sum, [, weight]) => sum + weight, 0);
  let left = uniform * total;
  for (const [id, weight] of kept) {
    left -= weight;
    if (left < 0) return id;
  }
  return kept[0]![0];
}

/** Kept tokens with their tempered weights, most probable first; ties by id so that results do not depend on the sort. */
function truncate(logprobs: Float32Array, settings: SamplingSettings): [id: number, weight: number][] {
  const peak = maximum(logprobs);
  const weights: [number, number][] = [];
  let total = 0;
  for (let id = 0; id < logprobs.length; id++) {
    const weight = Math.exp((logprobs[id]! - peak) / settings.temperature);
    total += weight;
    // Below e^-30 of the peak a token cannot matter; leaving it out keeps the sort small.
    if (weight > 1e-13) weights.push([id, weight]);
  }
  weights.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const byCount = settings.topK > 0 ? weights.slice(0, settings.topK) : weights;
  const mass = settings.topK > 0 ? byCount.reduce((sum, [, weight]) => sum + weight, 0) : total;
  let reached = 0;
  const end = byCount.findIndex(([, weight]) => (reached += weight) >= settings.topP * mass);
  return end < 0 ? byCount : byCount.slice(0, end + 1);
}

function maximum(values: Float32Array): number {
  let best = -Infinity;
  for (const value of values) if (value > best) best = value;
  return best;
}
