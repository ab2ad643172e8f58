import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { findScorer } from '../evals/scorers.ts';
import { experimentSchema } from '../shared/experiment.ts';
import { resolveArm } from '../recipes/presets.ts';
import { workspaceFiles } from './writeWorkspace.ts';

const files = workspaceFiles();
const rowsOf = (path: string): Record<string, unknown>[] =>
  files
    .get(path)!
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the example workspace', () => {
  it.each([...files.keys()].filter((path) => path.endsWith('.yaml')))(
    '%s is a valid experiment on files that exist',
    (path) => {
      const experiment = experimentSchema.parse(parse(files.get(path)!));
      for (const arm of experiment.arms) {
        const { mix } = resolveArm(arm, experiment);
        if (mix.kind === 'replay') expect(files.has(mix.dataset)).toBe(true);
      }
      for (const stage of experiment.stages) {
        expect(files.has(stage.dataset)).toBe(true);
        expect(experiment.benchmarks.map(({ name }) => name)).toContain(stage.benchmark);
      }
      for (const { data, scorer } of experiment.benchmarks) {
        const judge = findScorer(scorer);
        for (const { answer, ...fields } of rowsOf(data)) expect(judge.check?.({ answer, fields })).toBeUndefined();
      }
    },
  );

  it('has at least 200 items in every benchmark and stays small', () => {
    for (const path of files.keys()) {
      if (path.startsWith('benchmarks/')) expect(rowsOf(path).length).toBeGreaterThanOrEqual(200);
    }
    const bytes = [...files.values()].reduce((sum, content) => sum + Buffer.byteLength(content), 0);
    expect(bytes).toBeLessThan(3e6);
    expect(Buffer.byteLength(files.get('data/replay.jsonl')!)).toBeLessThan(400e3);
  });

  it('is what the repository ships', async () => {
    for (const [path, content] of files) {
      const shipped = await readFile(new URL(`../../examples/pocket/${path}`, import.meta.url), 'utf8');
      expect(shipped === content, `${path} differs: run npm run build:pocket -- --workspace-only`).toBe(true);
    }
  });
});
