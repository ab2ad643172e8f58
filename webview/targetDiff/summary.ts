// One line a source: perplexity, length, items, verified, as in the lecture's table of targets.
import type { ComparisonState } from '../../src/shared/protocol/lab/targetDiff.ts';
import { formatCount, formatPerplexity, formatShare } from '../../src/shared/words.ts';
import { text } from '../ui/host.ts';
import { table } from '../ui/table.ts';
import { provenanceName, sourceName } from './words.ts';

export function summaryTable(state: ComparisonState, recorded: boolean): HTMLElement {
  const masked = state.sources.some(({ maskedShare }) => maskedShare !== undefined);
  const judged = state.sources.some(({ verified }) => verified !== undefined);
  const rows = state.sources.map((source) => {
    const { statistics, verified } = source;
    return {
      head: sourceName(source),
      cells: [
        provenanceName(source.provenance),
        statistics ? `${formatPerplexity(statistics.pplMean)} (${formatPerplexity(statistics.pplStd)})` : '\u2013',
        statistics ? statistics.lengthMean.toFixed(1) : '\u2013',
        formatCount(source.items),
        ...(judged ? [verified ? formatShare(verified.accepted / Math.max(1, verified.judged)) : '\u2013'] : []),
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
