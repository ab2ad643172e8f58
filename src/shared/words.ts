// Numbers and names as a person reads them: points, scores, learning rates, lists, counts. Everything that shows a run
// (terminal, HTML, Markdown) writes them through these functions, so the same number looks the same everywhere.

import { phrase } from './phrase.ts';
import type { Phrase } from './phrase.ts';

const countWords = [
  phrase('no'),
  phrase('one'),
  phrase('two'),
  phrase('three'),
  phrase('four'),
  phrase('five'),
  phrase('six'),
  phrase('seven'),
  phrase('eight'),
  phrase('nine'),
  phrase('ten'),
  phrase('eleven'),
  phrase('twelve'),
];

/** A count in words up to twelve: `eight old skills`. */
export function countWord(count: number): Phrase | number {
  return countWords[count] ?? count;
}

/** `1 item`, `2 items`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** First letter in upper case. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A score of 0..1 with two decimals and no leading zero: `.52`, `1.00`. */
export function formatScore(score: number): string {
  return score.toFixed(2).replace(/^(-?)0(?=\.)/, '$1');
}

/** A change of scores in points without sign: whole points, one decimal below one point. */
export function formatPoints(change: number): string {
  // Sums such as .10 + .65 end in ...9999: without this, one half would round down and the next up.
  const points = Math.round(Math.abs(change) * 1e8) / 1e6;
  if (points === 0) return '0';
  if (points < 0.95) return points.toFixed(1);
  return points.toFixed(0);
}

/** A change of scores in points with its sign, with a true minus: `+41`, `−0.4`, `0`. */
export function formatChange(change: number): string {
  const points = formatPoints(change);
  if (Number(points) === 0) return '0';
  return change < 0 ? `\u2212${points}` : `+${points}`;
}

/** A learning rate as people write it: `3e-4`, `0`. */
export function formatLearningRate(lr: number): string {
  if (lr === 0) return '0';
  return lr
    .toExponential(2)
    .replace(/\.?0+e/, 'e')
    .replace('e+', 'e');
}

/** A perplexity: two decimals, fewer when large. */
export function formatPerplexity(ppl: number): string {
  if (!Number.isFinite(ppl)) return '\u221e';
  if (ppl >= 1e5) return ppl.toExponential(1).replace('e+', 'e');
  return ppl >= 100 ? formatCount(ppl) : ppl.toFixed(2);
}

/** A difference of log probabilities in nats, with its sign and a true minus: `+4.21`, `−0.30`. */
export function formatMargin(nats: number): string {
  const size = Math.abs(nats).toFixed(2);
  return Number(size) === 0 ? size : `${nats < 0 ? '\u2212' : '+'}${size}`;
}

/** A whole number with thousands separators. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A count that is known roughly, to three digits: `101,000`. */
export function formatRoughly(count: number): string {
  return formatCount(Number(count.toPrecision(3)));
}

/** A share as a percentage, one decimal below ten per cent when it is not whole. */
export function formatShare(share: number): string {
  const percent = share * 100;
  const decimals = percent !== 0 && percent < 9.95 && Math.abs(percent - Math.round(percent)) > 0.05 ? 1 : 0;
  return `${percent.toFixed(decimals)} %`;
}

/** How much of a work is done: rounded down, so that 100 % is said of nothing that is not done. */
export function formatDone(share: number): string {
  return formatShare(Math.floor(share * 100) / 100);
}

/** A p value: `p = .031`, `p < .001`. */
export function formatP(p: number): string {
  return p < 0.001 ? 'p < .001' : `p = ${p.toFixed(3).replace(/^0/, '')}`;
}

/** Parameters of a model: `1.2 M`. */
export function formatSize(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  return count >= 1e3 ? `${(count / 1e3).toFixed(0)} k` : String(count);
}

/** A span of time: `40 s`, `2 min 5 s`, `1 h 3 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ''}`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Text that came from outside, on one line, without control or direction-changing characters and halves of characters. */
export function plainText(text: string): string {
  return text
    .replace(/[\t\n\r\u2028\u2029]+/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu, '\ufffd');
}

/** The first `length` characters, with an ellipsis when something was left out. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, Math.max(0, length - 1)).join('')}\u2026`;
}
