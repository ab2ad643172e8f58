// The report as one HTML file that needs nothing else: no network, no fonts, one inline style and one inline script, both
// pinned by hash in a content security policy. The verdict comes first, the back matter is folded.
import { createHash } from 'node:crypto';
import script from '../../webview/report/report.client.js';
import css from '../../webview/report/report.css';
import { renderCurves, renderDrift, renderProbes, renderRefusalMargins } from './htmlCurves.ts';
import { renderConfiguration, renderMethods, renderNotes, renderNumbers } from './htmlDetails.ts';
import { renderFlips } from './htmlFlips.ts';
import { renderHeatmap } from './htmlMatrix.ts';
import { renderPlane } from './htmlPlane.ts';
import { renderExamples, renderTargetTable } from './htmlTargets.ts';
import { html, raw } from './markup.ts';
import type { Markup, Part } from './markup.ts';
import type { ReportData } from './reportData.ts';
import { formatSize, plural } from '../shared/words.ts';

/** The source expression that lets exactly this inline text run (CSP level 2). */
function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}

function section(id: string, title: string, lead: Part, body: Part): Markup {
  return html`<section id="${id}">
    <h2>${title}</h2>
    ${lead && html`<p class="lead">${lead}</p>`} ${body}
  </section>`;
}

function folded(id: string, title: string, body: Part): Markup {
  return html`<details class="folded" id="${id}">
    <summary>${title}</summary>
    ${body}
  </details>`;
}

function header({ run, verdict }: ReportData): Markup {
  const { experiment, model, device, arms, createdAt } = run.config;
  const facts = [
    `${model.architecture}, ${formatSize(model.parameters)} parameters`,
    plural(arms.length, 'arm'),
    plural(experiment.stages.length, 'stage'),
    plural(experiment.seeds.length, 'seed'),
    device.name,
    createdAt.slice(0, 16).replace('T', ' '),
  ];
  const state = run.status?.state;
  return html`<header>
    <div class="bar">
      <p class="kicker">Forgetting Lab &middot; ${experiment.name}</p>
      <button type="button" id="theme" aria-label="Switch between light and dark">light / dark</button>
    </div>
    <h1>${verdict[0]}</h1>
    ${verdict.length > 1 && html`<p class="verdict">${verdict.slice(1).join(' ')}</p>`}
    ${state !== undefined && state !== 'done' && html`<p class="state">This run is ${state}${run.status?.reason !== undefined && `: ${run.status.reason}`}.</p>`}
    <p class="quiet">
      ${experiment.description !== undefined && html`${experiment.description}. `}${facts.join(' \u00b7 ')}
    </p>
  </header>`;
}

/** The whole report as an HTML document. */
export function renderHtml(data: ReportData): string {
  const { run, view, numbers, flips, methods } = data;
  const { config } = run;
  const budget = (config.experiment.forgettingBudget * 100).toFixed(0);
  const notes = renderNotes(run);
  const body = html`${header(data)}
    <main>
      ${section(
        'matrix',
        'What was gained, what was forgotten',
        `Rows are checkpoints, columns are benchmarks. Outlined cells fell below the forgetting budget of ${budget} points with an interval that leaves out zero. Point at a cell for its numbers; choose one to see the answers that flipped.`,
        renderHeatmap(config, view, flips),
      )}
      ${section(
        'plane',
        'Learning against forgetting',
        'Further right is more learnt, higher is more kept. Bars are 95 % intervals over items.',
        renderPlane(config, view, numbers),
      )}
      ${section('targets', 'How hard the targets were to predict', undefined, renderTargetTable(run))}
      ${section(
        'examples',
        'The same question, answered in different words',
        'The stronger the colour, the less the base model expected the token.',
        renderExamples(run),
      )}
      ${section('flips', 'Answers that flipped', 'Right before and wrong now comes first.', renderFlips(config, flips))}
      ${section('training', 'How training went', 'Training loss by step, one scale for all arms.', [renderCurves(run), renderProbes(run), renderRefusalMargins(run), renderDrift(run)])}
      ${section('methods', 'Methods', undefined, renderMethods(run, methods))}
      ${notes && section('notes', 'Notes', undefined, notes)}
      ${folded('numbers', 'Every derived number, by definition', renderNumbers(numbers))}
      ${folded('configuration', 'Configuration and versions', renderConfiguration(run))}
    </main>
    <div id="tip" role="tooltip" hidden></div>`;
  return documentOf(`${config.experiment.name} \u00b7 Forgetting Lab`, body);
}

function documentOf(title: string, body: Markup): string {
  const policy = `default-src 'none'; style-src ${hashSource(css)}; script-src ${hashSource(script)}; base-uri 'none'; form-action 'none'`;
  // Style and script are ours; the check keeps an edit of them from ending their element early.
  if (/<\/(style|script)/i.test(css + script)) throw new Error('the report style or script would end its own element');
  return `<!doctype html>\n${
    html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${raw(`<style>${css}</style>`)}
      </head>
      <body>
        ${body} ${raw(`<script>${script}</script>`)}
      </body>
    </html>`.text
  }\n`;
}
