// The tooltip of a run as Markdown: what it is, what came of every arm, and the values of its configuration that its
// siblings do not share. Everything from the run is escaped.
import { say } from '../../shared/phrase.ts';
import type { Comparison, RunSummary } from '../../shared/protocol/lab/runs.ts';
import { inMarkdown } from '../outsideText.ts';
import type { Translate } from '../translate.ts';
import type { ShownState } from './experimentsModel.ts';
import { runTitle, stateWord, trialLine, trialName } from './rows.ts';

/** How many arms and values a tooltip lists. */
const longest = 12;

export interface RunTooltip {
  run: RunSummary;
  state: ShownState;
  /** Of the run with its siblings, the run first; undefined while unknown. */
  comparison?: Comparison | undefined;
}

export function runTooltip({ run, state, comparison }: RunTooltip, t: Translate): string {
  const lines = [`**${inMarkdown(runTitle(run))}** ${inMarkdown(stateWord(state, t))}`, inMarkdown(run.id)];
  if (run.model !== '') lines.push(t('Model: {0}', inMarkdown(run.model)));
  if (run.reason !== undefined) lines.push(inMarkdown(say(run.reason, t)));
  const trials = run.trials
    .slice(0, longest)
    .map((trial) => `- ${inMarkdown(trialName(trial, run, t))}: ${inMarkdown(trialLine(trial, state, t))}`);
  if (run.trials.length > longest) trials.push(`- ${t('and {0} more', run.trials.length - longest)}`);
  return [lines.join('  \n'), trials.join('\n'), differences(comparison, t)].filter((part) => part !== '').join('\n\n');
}

function differences(comparison: Comparison | undefined, t: Translate): string {
  if (!comparison || comparison.runs.length < 2 || comparison.differences.length === 0) return '';
  const shown = comparison.differences.slice(0, longest).map(({ path, values }) => {
    const [own = '', ...others] = values.map((value) =>
      inMarkdown(value.length > 80 ? `${value.slice(0, 79)}\u2026` : value),
    );
    const rest = [...new Set(others)].filter((value) => value !== own).slice(0, 3);
    return `| ${inMarkdown(path)} | ${own} | ${rest.join(', ')} |`;
  });
  return [`| ${t('Differs from its siblings')} | ${t('here')} | ${t('there')} |`, '|---|---|---|', ...shown].join('\n');
}
