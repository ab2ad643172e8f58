// What the rows of the datasets and models trees show. Pure, like rows.ts.
import type { Provenance } from '../../shared/dataset.ts';
import type { DatasetFile } from '../../shared/protocol/lab/datasets.ts';
import type { ModelSummary } from '../../shared/protocol/lab/models.ts';
import { formatCount, formatPerplexity, formatSize, plainText } from '../../shared/words.ts';
import { rowCount } from '../counts.ts';
import { provenanceName } from '../datasets/rowText.ts';
import type { Translate } from '../translate.ts';
import { spoken } from './rows.ts';
import type { Row } from './rows.ts';
import { say } from '../../shared/phrase.ts';

/** A dataset file; its details are `datasetDetails`. */
export function datasetRow(dataset: DatasetFile, t: Translate): Row {
  const parts: string[] = [];
  if (dataset.problem !== undefined) parts.push(t('cannot be read'));
  if (dataset.rows !== undefined) parts.push(rowCount(dataset.rows, t));
  if (dataset.perplexity) parts.push(t('perplexity {0}', formatPerplexity(dataset.perplexity.mean)));
  const label = plainText(dataset.name);
  const description = parts.join(', ');
  return {
    label,
    description,
    icon: dataset.problem === undefined ? { name: 'database' } : { name: 'warning', colour: 'list.warningForeground' },
    context: 'dataset path',
    accessible: t('Dataset {0}', spoken(label, description, t)),
    open: datasetDetails(dataset, t).length > 0 ? 'closed' : 'leaf',
  };
}

/** Lines under a dataset: what it is, where its targets come from, how hard they are. */
export function datasetDetails(
  dataset: DatasetFile,
  t: Translate,
): { id: string; label: string; description: string }[] {
  const details: { id: string; label: string; description: string }[] = [];
  const add = (id: string, label: string, description: string): void =>
    void details.push({ id, label, description: plainText(description) });
  if (dataset.problem !== undefined) add('problem', t('Problem'), say(dataset.problem, t));
  if (dataset.format !== undefined) add('format', t('Format'), dataset.format);
  for (const [provenance, rows] of Object.entries(dataset.provenance ?? {}) as [Provenance, number][]) {
    add(`from ${provenance}`, t('Targets from {0}', provenanceName(provenance, t)), formatCount(rows));
  }
  const { perplexity } = dataset;
  if (perplexity) {
    const value = `${formatPerplexity(perplexity.mean)} (${formatPerplexity(perplexity.std)})`;
    add('perplexity', t('Perplexity'), t('{0} under {1}', value, perplexity.model));
  }
  if (dataset.badRows) add('bad', t('Rows that cannot be used'), formatCount(dataset.badRows));
  return details;
}

/** A model; `annotating`: its perplexities are shown in datasets. */
export function modelRow(model: ModelSummary, annotating: boolean, t: Translate): Row {
  const parts =
    model.problem === undefined ? [model.architecture, formatSize(model.parameters)] : [t('cannot be used')];
  if (model.bundled) parts.push(t('bundled'));
  if (annotating) parts.push(t('annotates datasets'));
  const label = plainText(model.label);
  const description = plainText(parts.join(', '));
  const icon =
    model.problem === undefined
      ? { name: annotating ? 'eye' : 'package' }
      : { name: 'warning', colour: 'list.warningForeground' };
  return {
    label,
    description,
    icon,
    context: `model path${model.problem === undefined ? ' usable' : ''}`,
    accessible: t('Model {0}, {1}', label, description),
    open: 'leaf',
  };
}

/** Lines of a model's tooltip. */
export function modelTooltip(model: ModelSummary, t: Translate): string {
  const lines = [plainText(model.folder)];
  if (model.problem === undefined) {
    lines.push(
      t('{0} parameters, context of {1} tokens', formatCount(model.parameters), formatCount(model.contextLength)),
    );
  } else lines.push(plainText(say(model.problem, t)));
  return lines.join('\n');
}
