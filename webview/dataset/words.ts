// Small words of the dataset view.
import type { Provenance } from '../../src/shared/dataset.ts';
import { text } from '../ui/host.ts';

/** `1.2 GB`: decimal units, as file managers show them. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

/** Who wrote a target, in the words of everybody. */
export function provenanceWords(provenance: string): string {
  const words: Record<Provenance, string> = {
    ground_truth: text('ground truth'),
    native: text('native words'),
    self_output: text('own output'),
    rephrase: text('rephrase'),
    other_model: text('other model'),
    replay: text('replay'),
    pseudo_replay: text('pseudo replay'),
    safety: text('safety'),
  };
  return words[provenance as Provenance] ?? provenance;
}

/** A probability: `0.97`, `0.013`, `< 0.001`. */
export function formatProbability(logprob: number): string {
  const p = Math.exp(logprob);
  if (p < 0.0005) return '< 0.001';
  return p.toFixed(p < 0.1 ? 3 : 2);
}

/** A token's text with its blanks to be seen. */
export function visible(token: string): string {
  return token.replace(/^ /, '\u2423').replace(/ $/, '\u2423').replaceAll('\n', '\u23ce').replaceAll('\t', '\u21e5');
}
