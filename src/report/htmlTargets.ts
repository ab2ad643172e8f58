// What the arms trained on: the target table and examples with every token coloured by how hard it was to predict.
import type { RunData, ScoredToken, TargetExample, TokenKind } from '../shared/records.ts';
import { armStyles, styleOf, targetSource } from '../shared/arms.ts';
import { difficultyBin } from '../shared/difficulty.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { latestTargets, targetMakeUp, targetTable } from './targetTable.ts';
import type { TargetTableRow } from './targetTable.ts';
import { formatCount, formatPerplexity, formatShare, plural, shorten } from '../shared/words.ts';

export function renderTargetTable(run: Pick<RunData, 'targets' | 'config'>): Markup {
  const rows = targetTable(run);
  if (rows.length === 0) {
    return html`<p class="empty">No targets have been built yet. They appear before an arm begins to train.</p>`;
  }
  const stages = [...new Set(rows.map((row) => row.stage))];
  const masked = rows.some((row) => row.maskedShare > 0);
  return html`<div class="scroll">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">Perplexity mean (std)</th>
            <th scope="col">Variance</th>
            <th scope="col" title="exp of all nll over all tokens: robust to short answers">Corpus</th>
            <th scope="col" title="Share of tokens above perplexity 2.5 under the base model">Hard tokens</th>
            <th scope="col">Tokens mean (std)</th>
            <th scope="col">Items</th>
            <th scope="col">Verified</th>
            ${masked && html`<th scope="col">Masked</th>`}
            <th scope="col">Used by</th>
          </tr>
        </thead>
        ${stages.map(
          (stage) =>
            html`<tbody>
              ${
                stages.length > 1 &&
                html`<tr class="arm">
                  <th scope="rowgroup" colspan="10">
                    Stage ${stage}: ${rows.find((row) => row.stage === stage)?.stageName}
                  </th>
                </tr>`
              }
              ${rows.filter((row) => row.stage === stage).map((row) => targetRow(run, row, masked))}
            </tbody>`,
        )}
      </table>
    </div>
    <p class="quiet">
      Perplexity of each answer under the base model, given its prompt, before training; mean over items, with the
      standard deviation in brackets. Published tables (arXiv 2501.14315) print the variance there, so it has a column
      of its own. ${rows.some((row) => row.seeds > 1) && 'Means over the seeds.'}
    </p>
    ${droppedNotes(rows)} ${makeUp(rows)}`;
}

const kindNames: Record<TokenKind, string> = {
  number: 'Numbers',
  word: 'Words',
  symbol: 'Symbols',
  whitespace: 'Whitespace',
  template: 'End of turn',
};

/** What the targets are made of: difficulty by kind of token, repeated rows, and closeness to the base's own answers. */
function makeUp(rows: readonly TargetTableRow[]): Markup | false {
  const { kinds, rows: told } = targetMakeUp(rows);
  if (told.length === 0) return false;
  const stages = new Set(told.map(({ row }) => row.stage));
  const compared = told.find(({ row }) => row.greedy)?.row.greedy?.rows;
  return html`<h3>Which tokens are hard</h3>
    <div class="scroll">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Source</th>
            ${kinds.map((kind) => html`<th scope="col">${kindNames[kind]}</th>`)}
            <th scope="col" title="Rows whose prompt and answer appeared before">Duplicates</th>
            <th scope="col" title="Levenshtein distance from the greedy answer of the base over its length, in tokens">
              Edit ratio
            </th>
            <th scope="col" title="F1 over the tokens of target and greedy answer">Token F1</th>
          </tr>
        </thead>
        <tbody>
          ${told.map(
            ({ row, cells }) =>
              html`<tr>
                <th scope="row">${stages.size > 1 && `Stage ${row.stage}, `}${row.source}</th>
                ${cells.map((cell) => html`<td>${cell}</td> `)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <p class="quiet">
      Share of the tokens of a kind that are above perplexity 2.5 under the base model, of the share that the kind has
      of all tokens.
      ${compared !== undefined && `Edit ratio and token F1 compare with the greedy answers of the base to the first ${plural(compared, 'row')}: 0 and 1 are the base's own words.`}
    </p>`;
}

function targetRow(run: Pick<RunData, 'config'>, row: TargetTableRow, masked: boolean): Markup {
  const styles = armStyles(run.config.arms);
  const eos = row.maskedEosShare > 0 ? `, end-of-turn ${formatShare(row.maskedEosShare)}` : '';
  return html`<tr>
    <th scope="row">${row.source}</th>
    <td><b>${formatPerplexity(row.pplMean)}</b> (${formatPerplexity(row.pplStd)})</td>
    <td>${formatPerplexity(row.pplVariance)}</td>
    <td>${formatPerplexity(row.corpusPpl)}</td>
    <td>${difficultyBar(row)}</td>
    <td>${row.lengthMean.toFixed(1)} (${row.lengthStd.toFixed(1)})</td>
    <td>${formatCount(row.items)}</td>
    <td>${row.verified === undefined ? '\u2013' : formatShare(row.verified)}</td>
    ${masked && html`<td>${row.maskedShare > 0 ? `${formatShare(row.maskedShare)}${eos}` : '\u2013'}</td>`}
    <td class="arms">
      ${row.arms.map((arm) => {
        const { colour, glyph } = styleOf(styles, arm);
        return html`<span class="chip"
          ><span class="glyph arm-${colour}" aria-hidden="true">${glyph}</span> ${arm}</span
        > `;
      })}
    </td>
  </tr>`;
}

/** Shares of tokens by perplexity as one stacked bar. */
function difficultyBar(row: TargetTableRow): Markup {
  const over = row.hardShare;
  const shares = [
    1 - over['2.5'],
    over['2.5'] - over['10'],
    over['10'] - over['25'],
    over['25'] - over['1000'],
    over['1000'],
  ];
  const names = ['up to 2.5', '2.5 to 10', '10 to 25', '25 to 1000', 'above 1000'];
  const tip = shares.map((share, k) => `perplexity ${names[k]}: ${formatShare(Math.max(0, share))}`).join('\n');
  const width = 120;
  let at = 0;
  const parts = shares.map((share, k) => {
    const size = Math.max(0, share) * width;
    const part = html`<rect
      class="difficulty-${k}"
      x="${at.toFixed(2)}"
      y="0"
      width="${size.toFixed(2)}"
      height="12"
    />`;
    at += size;
    return part;
  });
  return html`<svg
      class="share"
      viewBox="0 0 ${width} 12"
      role="img"
      aria-label="${formatShare(over['2.5'])} of the tokens above perplexity 2.5"
    >
      <title>${tip}</title>
      ${parts}
    </svg>
    <span class="quiet percent">${formatShare(over['2.5'])}</span>`;
}

function droppedNotes(rows: readonly TargetTableRow[]): Markup | false {
  const stages = new Set(rows.map((row) => row.stage));
  const notes = rows.flatMap((row) =>
    row.dropped
      .filter((entry) => entry.count > 0)
      .map(
        (entry) =>
          `${stages.size > 1 ? `Stage ${row.stage}, ` : ''}${row.source}: ${plural(entry.count, 'row')} dropped, ${entry.reason}${entry.first === undefined ? '' : ` (first: line ${entry.first})`}`,
      ),
  );
  return (
    notes.length > 0 &&
    html`<ul class="quiet notes">
      ${notes.map((note) => html`<li>${note}</li>`)}
    </ul>`
  );
}

/** Prompts shown, and the longest answer shown, in tokens. */
const exampleLimit = 6;
const tokenLimit = 300;

interface SourceExamples {
  source: string;
  stage: number;
  stageName: string;
  examples: TargetExample[];
}

/** Examples of the first seed by source; arms with the same targets and mask count once. */
function exampleSources(run: Pick<RunData, 'targets' | 'config'>): SourceExamples[] {
  const bySource = new Map<string, SourceExamples>();
  for (const arm of run.config.arms) {
    // Replay changes which rows there are, not what an answer looks like.
    if (arm.mix.kind !== 'none') continue;
    for (const record of latestTargets(run)) {
      if (record.arm !== arm.name || record.seed !== run.config.experiment.seeds[0]) continue;
      const source = targetSource(arm);
      const key = JSON.stringify([record.stage, source]);
      if (!bySource.has(key) && record.examples.length > 0) {
        bySource.set(key, { source, stage: record.stage, stageName: record.stageName, examples: record.examples });
      }
    }
  }
  return [...bySource.values()];
}

export function renderExamples(run: Pick<RunData, 'targets' | 'config'>): Markup {
  const sources = exampleSources(run);
  if (sources.length === 0) return html`<p class="empty">No scored examples have been written yet.</p>`;
  const stages = [...new Set(sources.map((source) => source.stage))].sort((a, b) => a - b);
  return html`${tokenLegend()}
  ${stages.map((stage) => {
    const own = sources.filter((source) => source.stage === stage);
    return html`${stages.length > 1 && html`<h3>Stage ${stage}: ${own[0]?.stageName}</h3>`}${stageExamples(own)}`;
  })}`;
}

function tokenLegend(): Markup {
  return html`<p class="tokens key-tokens" aria-label="Scale of token difficulty">
    <span>p &ge; .9</span> <span class="t1">.4 to .9</span> <span class="t2">.1 to .4</span>
    <span class="t3">.01 to .1</span> <span class="t4">&lt; .01</span>
    <span class="masked">masked: not trained on</span>
    <span class="quiet">probability the base model gives the token</span>
  </p>`;
}

/** Prompts that most sources answer come first, so that the same question can be compared. */
function stageExamples(sources: readonly SourceExamples[]): Markup[] {
  const prompts = [...new Set(sources.flatMap((source) => source.examples.map((example) => example.prompt)))];
  const answered = (prompt: string): number =>
    sources.filter((source) => source.examples.some((example) => example.prompt === prompt)).length;
  const chosen = [...prompts].sort((a, b) => answered(b) - answered(a)).slice(0, exampleLimit);
  return chosen.map(
    (prompt) =>
      html`<article class="example">
        <p class="prompt"><span class="verbatim">${prompt === '' ? 'Raw text' : shorten(prompt, 400)}</span></p>
        <div class="sides">
          ${sources.flatMap((source) => {
            const example = source.examples.find((one) => one.prompt === prompt);
            return example ? [side(source.source, example)] : [];
          })}
        </div>
      </article>`,
  );
}

function side(source: string, example: TargetExample): Markup {
  const replaced =
    example.provenance === 'ground_truth' && !source.startsWith('Ground truth') ? ', ground truth kept' : '';
  return html`<section>
    <h4>${source}${replaced} <span class="quiet">perplexity ${formatPerplexity(example.ppl)}</span></h4>
    <p class="tokens"><span class="verbatim">${renderTokens(example)}</span></p>
  </section>`;
}

/** The answer with every token marked; text between tokens stays as it is. */
export function renderTokens(example: Pick<TargetExample, 'text' | 'tokens'>): Markup[] {
  const parts: Markup[] = [];
  let at = 0;
  for (const token of example.tokens.slice(0, tokenLimit)) {
    const start = Math.max(at, token.start);
    const end = Math.max(start, token.end);
    if (start > at) parts.push(html`${example.text.slice(at, start)}`);
    const ends = token.start === token.end && token.end >= example.text.length;
    if (ends) parts.push(renderToken(token, html`<span class="special">${token.text}</span>`));
    // Further tokens of one character (bytes of it) have no text of their own left.
    else if (end > start) parts.push(renderToken(token, html`${example.text.slice(start, end)}`));
    at = end;
  }
  if (example.tokens.length > tokenLimit)
    parts.push(html`<span class="quiet"> &hellip; ${example.tokens.length - tokenLimit} more tokens</span>`);
  else if (at < example.text.length) parts.push(html`${example.text.slice(at)}`);
  return parts;
}

function renderToken(token: ScoredToken, text: Markup): Markup {
  const bin = difficultyBin(token.logprob);
  if (bin === 0 && token.trained) return text;
  const probability = Math.exp(token.logprob);
  const p = probability >= 0.001 ? probability.toPrecision(2) : probability.toExponential(0);
  const tip = `p = ${p}, perplexity ${formatPerplexity(Math.exp(-token.logprob))}${token.trained ? '' : ', masked: not trained on'}`;
  return html`<span class="t${bin}${token.trained ? '' : ' masked'}" title="${tip}">${text}</span>`;
}
