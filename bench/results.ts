// One measured number with its peer, and how results are shown: a table for people, JSON lines for programs.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface Result {
  shape: string;
  measure: string;
  ours: number;
  peer: number | null;
  /** ours / peer; for memory the largest over the smallest sample. */
  ratio: number | null;
  better: 'higher' | 'lower';
  unit: string;
  /** What is to be reached, in words. */
  goal: string;
  /** Further numbers worth knowing. */
  note?: string;
}

const COLUMNS = ['shape', 'measure', 'ours', 'peer', 'unit', 'ratio', 'goal', ''];

/** A Markdown table that also reads well in a terminal. */
export function formatTable(results: readonly Result[]): string {
  const number = (value: number | null) => (value === null ? '-' : value.toPrecision(3).replace(/\.?0+e\+?/, 'e'));
  const rows = results.map((r) => [
    r.shape,
    r.measure,
    plain(r.ours),
    plain(r.peer),
    r.unit,
    number(r.ratio),
    r.goal,
    r.note ?? '',
  ]);
  const widths = COLUMNS.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index]!)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(COLUMNS), rule, ...rows.map(line)].join('\n');
}

function plain(value: number | null): string {
  if (value === null) return '-';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** The machine and the software, one line each. */
export function describeMachine(
  root: string,
  threads: number,
  peerVersions: Record<string, string> | undefined,
): string[] {
  const cpus = os.cpus();
  const manifest = path.join(root, 'node_modules/onnxruntime-node/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const peer =
    peerVersions &&
    `Python ${peerVersions.python}, torch ${peerVersions.torch}, transformers ${peerVersions.transformers}`;
  return [
    `Machine: ${cpus[0]?.model.trim() ?? 'unknown CPU'}, ${cpus.length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}; float32, ${threads} threads`,
    `Ours: Node ${process.versions.node}, onnxruntime-node ${version}. Peer: ${peer ?? 'none'}`,
  ];
}
