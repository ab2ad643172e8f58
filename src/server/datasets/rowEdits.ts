// Changes the text of a row and nothing else of it: the answer is replaced, notes are added or taken away, and whatever
// else the row holds stays as it was written. `lab_ground_truth` keeps the first answer, letter by letter, so that the way
// back gives the row that was there. A dataset's own `ground_truth` is a column like any other, often a verifier's reference.
import { parseTree, type Node } from 'jsonc-parser';
import type { DatasetFormat } from '../../data/formats.ts';
import type { Provenance } from '../../shared/dataset.ts';
import { mapRow, propertyOf, valueOf } from './rowMap.ts';

/** Column with the answer that a changed row had first, and the provenance it named, if any. */
export const groundTruthField = 'lab_ground_truth';
const groundTruthProvenance = 'lab_ground_truth_provenance';

/** What `forgetting-lab targets` writes about one answer: it does not hold for another. */
const ofAnswer = ['ppl', 'logprobs', 'mask', 'masked'];

/** The row with another answer; its ground truth stays in it. */
export function withAnswer(raw: string, format: DatasetFormat, answer: string, provenance: Provenance): string {
  const strings = mapRow(raw, format);
  if (!strings) throw new Error('the row is not of its format');
  const { answerNode, root } = strings;
  const edits: Edit[] = [{ start: answerNode.offset, end: endOf(answerNode), text: JSON.stringify(answer) }];
  const added: [string, string][] = [];
  const before = valueOf(root, 'provenance');
  if (!valueOf(root, groundTruthField)) {
    added.push([groundTruthField, rawOf(raw, answerNode)]);
    if (before) added.push([groundTruthProvenance, rawOf(raw, before)]);
  }
  if (before) edits.push({ start: before.offset, end: endOf(before), text: JSON.stringify(provenance) });
  else added.unshift(['provenance', JSON.stringify(provenance)]);
  return addProperties(removeProperties(applyEdits(raw, edits), ofAnswer), added);
}

/** The row with a loss mask, as `forgetting-lab targets` writes one. */
export function withMask(raw: string, mask: readonly (readonly number[])[], masked: readonly number[]): string {
  const without = removeProperties(raw, ['mask', 'masked']);
  return addProperties(without, [
    ['mask', JSON.stringify(mask)],
    ['masked', JSON.stringify(masked)],
  ]);
}

/** The row as it was before its answer was changed and its tokens were masked. */
export function withGroundTruth(raw: string, format: DatasetFormat): string {
  const strings = mapRow(raw, format);
  const kept = strings && valueOf(strings.root, groundTruthField);
  if (!strings || !kept) return removeProperties(raw, ['mask', 'masked']);
  const { answerNode, root } = strings;
  const edits: Edit[] = [{ start: answerNode.offset, end: endOf(answerNode), text: rawOf(raw, kept) }];
  const provenance = valueOf(root, 'provenance');
  const before = valueOf(root, groundTruthProvenance);
  if (provenance && before) edits.push({ start: provenance.offset, end: endOf(provenance), text: rawOf(raw, before) });
  const gone = [groundTruthField, groundTruthProvenance, ...ofAnswer, ...(before ? [] : ['provenance'])];
  return removeProperties(applyEdits(raw, edits), gone);
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

function applyEdits(raw: string, edits: readonly Edit[]): string {
  const ordered = [...edits].sort((a, b) => b.start - a.start);
  return ordered.reduce((text, { start, end, text: put }) => text.slice(0, start) + put + text.slice(end), raw);
}

const endOf = (node: Node): number => node.offset + node.length;
const rawOf = (raw: string, node: Node): string => raw.slice(node.offset, endOf(node));

function rootOf(raw: string): Node {
  const root = parseTree(raw, [], { disallowComments: true });
  if (root?.type !== 'object') throw new Error('the row is not an object');
  return root;
}

/** Appends properties in the row's own style: its separators, or its line breaks and indentation. */
function addProperties(raw: string, added: readonly (readonly [string, string])[]): string {
  const properties = rootOf(raw).children ?? [];
  const last = properties.at(-1);
  if (!last || added.length === 0) return raw;
  const previous = properties.at(-2);
  const between = previous ? raw.slice(endOf(previous), last.offset) : ',';
  const separator = between.trim() === ',' ? between : ',';
  const [name, value] = last.children ?? [];
  const colon = name && value ? raw.slice(endOf(name), value.offset) : ':';
  const text = added.map(([key, json]) => `${separator}${JSON.stringify(key)}${colon}${json}`).join('');
  return raw.slice(0, endOf(last)) + text + raw.slice(endOf(last));
}

/** Takes properties away, each with one of its commas. */
function removeProperties(raw: string, names: readonly string[]): string {
  return names.reduce((text, name) => {
    const root = rootOf(text);
    const property = propertyOf(root, name);
    if (!property) return text;
    const properties = root.children ?? [];
    const index = properties.indexOf(property);
    const before = properties[index - 1];
    const after = properties[index + 1];
    if (before) return text.slice(0, endOf(before)) + text.slice(endOf(property));
    return text.slice(0, property.offset) + text.slice(after ? after.offset : endOf(property));
  }, raw);
}
