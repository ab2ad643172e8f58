// Runs that are damaged in every way that a disk, a person or another program may think of: each shows as such, and the
// runs beside it as ever.
import { appendFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { mostTrainings } from '../../lab/soundRun.ts';
import { inEnglish } from '../../shared/phrase.ts';
import { getHeatmap, getRun, listExperiments } from '../../shared/protocol/lab/runs.ts';
import type { RunSummary } from '../../shared/protocol/lab/runs.ts';
import { RunIndex } from './runIndex.ts';
import { runsPart } from './runsPart.ts';
import { memoryServer, temporaryFolder } from './testing/memoryServer.ts';
import { writeRun } from './testing/writeRun.ts';

type Damage = (run: string) => Promise<unknown>;

/** A change of the configuration. */
const change =
  (edit: (config: Record<string, unknown> & { experiment: Record<string, unknown> }) => void): Damage =>
  async (run) => {
    const file = join(run, 'config.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as Parameters<typeof edit>[0];
    edit(config);
    await writeFile(file, JSON.stringify(config));
  };

const append =
  (file: string, record: object): Damage =>
  (run) =>
    appendFile(join(run, file), `${JSON.stringify(record)}\n`);

/** Puts a link that leads to itself, or a folder, in the place of a file. */
const loop =
  (file: string): Damage =>
  async (run) => {
    await rm(join(run, file), { force: true });
    await symlink(file, join(run, file));
  };
const folder =
  (file: string): Damage =>
  async (run) => {
    await rm(join(run, file));
    await mkdir(join(run, file));
  };

const many = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

const corrupt: [what: string, damage: Damage, reason: RegExp][] = [
  ['an empty experiment', change((config) => (config.experiment = {})), /config\.json is not of a run: name must be a/],
  ['a name that is no text', change((config) => (config.experiment.name = 5)), /name must be a text, not 5/],
  ['no time', change((config) => delete config['createdAt']), /createdAt must be a text, not nothing/],
  ['a time that is a number', change((config) => (config['createdAt'] = 7)), /createdAt must be a text, not 7/],
  ['an id that is no text', change((config) => (config['id'] = { a: 1 })), /id must be a text, not a mapping/],
  ['arms that are nothing', change((config) => (config['arms'] = [null])), /item 1 of arms must be a mapping/],
  ['arms without rates', change((config) => (config['arms'] = [{ name: 'a' }])), /learningRates must be a list/],
  ['no model', change((config) => delete config['model']), /model must be a mapping, not nothing/],
  ['no stages', change((config) => (config.experiment['stages'] = null)), /stages must be a list, not nothing/],
  ['no versions', change((config) => delete config['versions']), /versions must be a mapping, not nothing/],
  ['no device', change((config) => delete config['device']), /device must be a mapping, not nothing/],
  ['a hash that is a number', change((config) => (config['dataHashes'] = { a: 5 })), /a must be a text, not 5/],
  [
    'targets of an arm that are no targets',
    change((config) => ((config['arms'] as { targets: unknown }[])[0]!.targets = { kind: 7 })),
    /targets\.kind cannot be 7/,
  ],
  ['very many seeds', change((config) => (config.experiment['seeds'] = many(100_000))), /plans \d+ trainings, more/],
  ['an unknown state', append('status.jsonl', { kind: 'status', at: 'x', state: 'baked' }), /there is no state baked/],
  ['a state that is no text', append('status.jsonl', { kind: 'status', at: 'x', state: 42 }), /state must be a text/],
  ['a status without time', append('status.jsonl', { kind: 'status', state: 'done' }), /at must be a text/],
  ['cells in a link loop', loop('cells.jsonl'), /cells\.jsonl/],
  ['cells in a folder', folder('cells.jsonl'), /cells\.jsonl/],
  ['a configuration in a link loop', loop('config.json'), /config\.json/],
  ['a configuration in a folder', folder('config.json'), /config\.json is not a file/],
  ['no configuration', (run) => rm(join(run, 'config.json')), /it has no config\.json/],
  ['an empty configuration', (run) => writeFile(join(run, 'config.json'), ''), /config\.json is not JSON/],
  ['a cut configuration', (run) => writeFile(join(run, 'config.json'), '{"formatVersion": 1, "exp'), /is not JSON/],
];

const harmless: [what: string, damage: Damage][] = [
  ['a lock in a link loop', loop('lock.json')],
  ['a plan of another program', (run) => writeFile(join(run, 'plan.json'), '{"formatVersion":1,"work":[{}]}')],
];

/** Lists a damaged run between two good ones. */
async function listWith(damage: Damage) {
  const workspace = await temporaryFolder('bad-runs-');
  const at = (name: string): string => join(workspace, 'runs', name);
  for (const name of ['good-1', 'good-2', 'small-bad']) await writeRun(at(name), { withItems: false });
  await damage(at('small-bad'));
  const server = await memoryServer(runsPart, workspace);
  const first = await server.call(listExperiments, {});
  const read = await server.call(listExperiments, { read: true });
  const byName = (list: typeof first): Map<string, RunSummary> =>
    new Map(list.flatMap(({ runs }) => runs.map((run) => [run.folder.split('/').at(-1) ?? '', run])));
  return { server, at, first: byName(first), read: byName(read) };
}

describe('a run with', { timeout: 20_000 }, () => {
  test.each(corrupt)('%s is listed as one that cannot be read', async (_, damage, reason) => {
    const { server, at, first, read } = await listWith(damage);
    for (const list of [first, read]) expect([...list.keys()].sort()).toEqual(['good-1', 'good-2', 'small-bad']);
    expect([...read].map(([name, { state }]) => [name, state]).sort()).toEqual([
      ['good-1', 'done'],
      ['good-2', 'done'],
      ['small-bad', 'corrupt'],
    ]);
    expect(inEnglish(read.get('small-bad')?.reason ?? '')).toMatch(reason);
    expect(await server.call(getRun, { run: at('small-bad') })).toMatchObject({ state: 'corrupt' });
    await expect(server.call(getHeatmap, { run: at('small-bad') })).rejects.toMatchObject({ code: 'run-invalid' });
    expect(await server.call(getHeatmap, { run: at('good-1') })).toMatchObject({ run: { state: 'done' } });
    expect(server.logged).toEqual([]);
  });

  test.each(harmless)('%s is listed as it is', async (_, damage) => {
    const { read } = await listWith(damage);
    expect(read.get('small-bad')?.state).toBe('done');
  });

  test('as many trainings as can be shown is shown soon', async () => {
    const begun = performance.now();
    const { read } = await listWith(
      change((config) => {
        const arms = config['arms'] as { learningRates: number[] }[];
        const rates = arms.reduce((sum, arm) => sum + arm.learningRates.length, 0);
        const { stages } = config.experiment as { stages?: unknown[] };
        config.experiment['seeds'] = many(Math.floor(mostTrainings / rates / (stages?.length ?? 1)));
      }),
    );
    expect(read.get('small-bad')?.trials.length).toBeGreaterThanOrEqual(1000);
    console.log(`the largest run is listed after ${Math.round(performance.now() - begun)} ms`);
  });
});

test('a first look that fails is taken again', async () => {
  const workspace = await temporaryFolder('bad-runs-');
  await writeRun(join(workspace, 'runs', 'good'), { withItems: false });
  const server = await memoryServer(runsPart, workspace);
  const load = vi.spyOn(RunIndex.prototype, 'load').mockRejectedValueOnce(new Error('the disk stumbled'));
  onTestFinished(() => load.mockRestore());
  await expect(server.call(listExperiments, {})).rejects.toThrow(/stumbled/);
  expect(await server.call(listExperiments, { read: true })).toMatchObject([{ runs: [{ state: 'done' }] }]);
});
