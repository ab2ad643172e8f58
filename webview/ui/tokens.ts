// Text with every token coloured by how hard it was to predict; what the loss mask leaves out is struck through with dots.
import { difficultyBin } from '../../src/shared/difficulty.ts';
import type { ScoredToken } from '../../src/shared/records.ts';
import { formatPerplexity } from '../../src/shared/words.ts';
import { el } from './dom.ts';
import { text } from './host.ts';

/** `p = .031, perplexity 32.26`, and whether it is trained on. */
export function tokenTitle(token: ScoredToken): string {
  const p = Math.exp(token.logprob);
  const probability = p < 0.001 ? '< .001' : p.toFixed(3).replace(/^0/, '');
  const numbers = text('probability {0}, perplexity {1}', probability, formatPerplexity(Math.exp(-token.logprob)));
  return token.trained ? numbers : `${numbers}\n${text('not trained on')}`;
}

/**
 * The text as spans. Offsets are UTF-16 units of `answer`; what no token covers stays plain, and tokens without text
 * (end of turn, a template's marks around the answer) appear as small tags.
 */
export function renderTokens(answer: string, tokens: readonly ScoredToken[]): HTMLElement {
  const line = el('span', { class: 'tokens' });
  let at = 0;
  for (const token of tokens) {
    if (token.start > at) line.append(answer.slice(at, token.start));
    const shown = answer.slice(Math.max(at, token.start), token.end);
    const special = shown === '' && token.start === token.end && token.text.trim() !== '';
    if (shown !== '' || special) line.append(tokenSpan(token, special ? token.text : shown, special));
    at = Math.max(at, token.end);
  }
  if (at < answer.length) line.append(answer.slice(at));
  return line;
}

function tokenSpan(token: ScoredToken, shown: string, special: boolean): HTMLElement {
  const classes = ['token', `t${difficultyBin(token.logprob)}`];
  if (!token.trained) classes.push('masked');
  if (special) classes.push('special');
  return el('span', { class: classes.join(' '), title: tokenTitle(token) }, shown);
}

/** The key to the five steps and the mask. */
export function tokenLegend(): HTMLElement {
  const steps = ['p \u2265 .9', '.4 \u2013 .9', '.1 \u2013 .4', '.01 \u2013 .1', '< .01'];
  return el(
    'span',
    { class: 'tokens legend', 'aria-label': text('Scale of token difficulty') },
    steps.map((label, k) => el('span', { class: `token t${k}` }, label)),
    el('span', { class: 'token masked' }, text('masked')),
  );
}
