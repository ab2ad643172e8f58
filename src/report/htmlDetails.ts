// The back of the report: method cards, every derived number with its definition, configuration and versions, notes.
import type { DerivedNumber, RunData } from '../shared/records.ts';
import { armStyles, styleOf, targetSource } from '../shared/arms.ts';
import { html } from './markup.ts';
import { methodsOf } from './methods.ts';
import type { Markup } from './markup.ts';
import type { MethodCard } from './reportData.ts';
import { formatLearningRate, plural } from '../shared/words.ts';

/** Cards of the presets that arms name, with the arms; all cards when none names one. */
export function renderMethods(run: Pick<RunData, 'config'>, methods: readonly MethodCard[]): Markup {
  const styles = armStyles(run.config.arms);
  const used = run.config.arms.flatMap((arm) => arm.preset ?? []);
  const cards = methods.filter((method) => used.length === 0 || used.includes(method.id));
  const own = run.config.arms.filter((arm) => !methods.some((method) => method.id === arm.preset));
  return html`<div class="cards">
    ${cards.map(
      (method) =>
        html`<article class="card">
          <h3>${method.title}</h3>
          <p>${method.description}</p>
          <p class="quiet">${arxivLink(method.arxiv)} preset <code>${method.id}</code></p>
          <p>${run.config.arms.filter((arm) => arm.preset === method.id).map((arm) => chip(styles, arm.name))}</p>
        </article>`,
    )}
    ${own.map(
      (arm) =>
        html`<article class="card">
          <h3>${arm.name}</h3>
          <p>${choicesInWords(arm)}</p>
          ${methodsOf(arm, methods).map(
            ({ title, id, arxiv }) =>
              html`<p class="quiet">
                After ${title}: ${arxivLink(arxiv)} preset <code>${id}</code>, with settings of its own
              </p>`,
          )}
          <p>${chip(styles, arm.name)}</p>
        </article>`,
    )}
  </div>`;
}

function chip(styles: ReturnType<typeof armStyles>, arm: string): Markup {
  const { colour, glyph } = styleOf(styles, arm);
  return html`<span class="chip"><span class="glyph arm-${colour}" aria-hidden="true">${glyph}</span> ${arm}</span> `;
}

/** Only well-formed ids become links. */
function arxivLink(id: string | undefined): Markup | false {
  if (id === undefined) return false;
  if (!/^\d{4}\.\d{4,5}$/.test(id)) return html`arXiv ${id} &middot;`;
  return html`<a href="https://arxiv.org/abs/${id}" rel="noreferrer">arXiv ${id}</a> &middot;`;
}

function choicesInWords(arm: RunData['config']['arms'][number]): string {
  const parts = [`Trains on: ${targetSource(arm)}`];
  if (arm.trainable.kind !== 'full') parts.push(`trainable: ${JSON.stringify(arm.trainable)}`);
  if (arm.weightStep.kind !== 'none') parts.push(`after training: ${JSON.stringify(arm.weightStep)}`);
  return `${parts.join('; ')}.`;
}

/** Every number with its definition, one row per definition and trial. */
export function renderNumbers(numbers: readonly DerivedNumber[]): Markup {
  const shown = numbers.filter((entry) => entry.benchmark === undefined);
  const names = [...new Set(shown.map((entry) => entry.definition))];
  return html`${names.map((definition) => {
    const own = shown.filter((entry) => entry.definition === definition);
    return html`<section class="definition">
      <h4><code>${definition}</code></h4>
      <p class="quiet">${own[0]?.description}</p>
      <div class="scroll">
        <table class="plain">
          <tbody>
            ${own.map(
              (entry) =>
                html`<tr>
                  <th scope="row">${entry.arm}</th>
                  <td>${entry.over?.includes('lr') === true ? 'all rates' : formatLearningRate(entry.lr)}</td>
                  <td>${entry.over?.includes('seed') === true ? 'all seeds' : `seed ${entry.seed}`}</td>
                  <td>stage ${entry.stage}</td>
                  <td>${numberText(entry)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>`;
  })}`;
}

function numberText(entry: DerivedNumber): Markup {
  if (entry.value === null) return html`<span class="quiet">no value: ${entry.reason ?? 'not said why'}</span>`;
  const format = (value: number): string =>
    value
      .toFixed(4)
      .replace(/\.?0+$/, '')
      .replace('-', '\u2212') || '0';
  const interval =
    entry.lo === undefined || entry.hi === undefined ? '' : ` (${format(entry.lo)} to ${format(entry.hi)})`;
  return html`<b>${format(entry.value)}</b>${interval}`;
}

export function renderConfiguration(run: RunData): Markup {
  const { config } = run;
  const facts: [string, string][] = [
    ['Run', config.id],
    ['Started', config.createdAt],
    [
      'State',
      run.status ? `${run.status.state}${run.status.reason === undefined ? '' : `: ${run.status.reason}`}` : 'unknown',
    ],
    ['Forgetting Lab', config.versions.forgettingLab],
    ['Node', config.versions.node],
    ['ONNX Runtime', config.versions.onnxruntime],
    ['Platform', config.versions.platform],
    ['Model', config.model.folder],
    [
      'Architecture',
      `${config.model.architecture}, ${config.model.parameters} parameters, ${config.model.layers} layers, context ${config.model.contextLength}`,
    ],
    ['Weights', config.model.weightsHash],
    ['Tokenizer', config.model.tokenizerHash],
    ['Chat template', config.model.templateHash],
    ['Device', `${config.device.name} (${config.device.reason}), ${plural(config.device.threads, 'thread')}`],
    ['Loss normalisation', config.lossNormalization],
    ...Object.entries(config.dataHashes).map(([file, hash]): [string, string] => [file, hash]),
  ];
  return html`<dl class="facts">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    <h4>Experiment</h4>
    <pre tabindex="0">${JSON.stringify(config.experiment, null, 2)}</pre>`;
}

/** Warnings of the run and lines that could not be read; nothing when there are none. */
export function renderNotes(run: RunData): Markup | false {
  const notes = [
    ...run.log.filter((entry) => entry.level !== 'info').map((entry) => `${entry.level}: ${entry.message}`),
    ...run.damagedLines.map(({ file, line }) => `damaged line left out: ${file} line ${line}`),
  ];
  return (
    notes.length > 0 &&
    html`<ul class="notes">
      ${notes.map((note) => html`<li>${note}</li>`)}
    </ul>`
  );
}
