// Conversations as text that is the same every time: what differs from run to run (times, ids, paths) is replaced by its name,
// computed numbers are rounded, and what is long is cut and counted.
import { packageRoot } from '../../src/runs/packageRoot.ts';
import type { RawClient } from './rawClient.ts';
import type { TestWorkspace } from './testWorkspace.ts';

/** Unstable values by the key they stand under. */
const unstable = new Set(['token', 'id', 'pid', 'startedAt', 'queuedAt', 'endedAt', 'updatedAt', 'version']);

/** Longest texts and lists that are written out. */
const longestText = 400;
const longestList = 6;

/** What was asked and answered, in order. */
export function spoken(client: RawClient, workspace: TestWorkspace): string[] {
  return client.transcript.flatMap(({ from, message: { method, params, result, error } }) => {
    if (from === 'editor') return [line('-->', { method, params }, workspace)];
    return method === undefined ? [line('<--', error ? { error } : { result }, workspace)] : [];
  });
}

export function line(from: string, value: unknown, workspace: TestWorkspace): string {
  return `${from} ${JSON.stringify(steady(value, workspace))}`;
}

function steady(value: unknown, workspace: TestWorkspace): unknown {
  const text = JSON.stringify(value, (key, inner: unknown) => (unstable.has(key) && inner !== '' ? `(${key})` : inner));
  const named = text
    .replaceAll(workspace.folder, '(workspace)')
    .replaceAll(packageRoot, '(package)')
    .replaceAll(/small-\d{8}-\d{4}-[0-9a-f]{4}/g, '(run)')
    .replaceAll(/version \d+\.\d+\.\d+/g, 'version (version)');
  return shorter(JSON.parse(named));
}

/** Other processors give other last digits. */
function shorter(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(3));
  if (typeof value === 'string') {
    return value.length <= longestText ? value : `${value.slice(0, longestText)}... (${value.length} characters)`;
  }
  if (Array.isArray(value)) {
    const items = value.slice(0, longestList).map(shorter);
    return value.length <= longestList ? items : [...items, `... (${value.length} items)`];
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shorter(inner)]));
}
