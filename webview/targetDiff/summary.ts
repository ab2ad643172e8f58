// One line a source: perplexity, length, items, verified, as in the lecture's table of targets.
import type { ComparisonState, TargetSourceState } from '../../src/shared/protocol/lab/targetDiff.ts';
import { formatCount, formatPerplexity, formatShare } from '../../src/shared/words.ts';
import { el } from '../ui/dom.ts';
import type { Child } from '../ui/dom.ts';
import { text } from '../ui/host.ts';
import { table } from '../ui/table.ts';
import { numbersOf, provenanceName, sourceName } from './words.ts';

export function summaryTable(state: ComparisonState, recorded: boolean): HTMLElement {
  const masked = state.sources.some(({ maskedShare }) => maskedShare !== undefined);
  const judged = state.sources.some(({ verified }) => verified !== undefined);
  const rows = state.sources.map((source) => {
    const { statistics } = numbersOf(source);
    return {
      head: sourceName(source),
      cells: [
        provenanceName(source.provenance),
        [
          note(source),
          statistics ? `${formatPerplexity(statistics.pplMean)} (${formatPerplexity(statistics.pplStd)})` : '\u2013',
        ],
        statistics ? statistics.lengthMean.toFixed(1) : '\u2013',
        formatCount(source.items),
        ...(judged ? [accepted(source, state.judging)] : []),
        ...(masked ? [source.maskedShare === undefined ? '\u2013' : formatShare(source.maskedShare)] : []),
      ],
    };
  });
  const perplexity = recorded ? text('perplexity mean (std), as recorded') : text('perplexity mean (std)');
  return table(
    text('Sources of targets'),
    [
      { label: text('Source') },
      { label: text('provenance') },
      { label: perplexity, number: true },
      { label: text('tokens'), number: true, title: text('Mean tokens a target') },
      { label: text('items'), number: true },
      ...(judged ? [{ label: text('verified'), number: true }] : []),
      ...(masked
        ? [{ label: text('masked'), number: true, title: text('Share of answer tokens that the loss leaves out') }]
        : []),
    ],
    rows,
  );
}

/** Whether the numbers are all there: a mean of a few answers is not to be quoted. */
function note(source: TargetSourceState): Child {
  const { kind, done, statistics } = numbersOf(source);
  if (kind === 'recorded') return quiet(text('as recorded'));
  return (
    kind === 'partial' && statistics && quiet(text('so far, {0} of {1}', formatCount(done), formatCount(source.items)))
  );
}

function accepted({ verified, items }: TargetSourceState, judging: boolean): Child {
  if (!verified) return '\u2013';
  const share = formatShare(verified.accepted / Math.max(1, verified.judged));
  return [judging && verified.judged < items && quiet(text('so far')), share];
}

const quiet = (words: string): Child => [el('span', { class: 'quiet' }, words), ' '];
