import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadExamples } from '../../data/examples.ts';
import { rowFromJson } from '../../recipes/rows.ts';
import {
  arrangeComparison,
  chooseTargets,
  findTargetSources,
  getComparison,
  getComparisonRows,
  judgeComparison,
  openComparison,
  scoreComparison,
  writeChosenTargets,
} from '../../shared/protocol/lab/targetDiff.ts';
import type { ComparisonFilter, ComparisonState, TargetSourceSpec } from '../../shared/protocol/lab/targetDiff.ts';
import { hostileName } from '../../report/testing/syntheticRun.ts';
import { memoryServer } from '../runs/testing/memoryServer.ts';
import { writeRun } from '../runs/testing/writeRun.ts';
import { targetDiffPart } from './targetDiffPart.ts';
import { inEnglish, phrase } from '../../shared/phrase.ts';

const hostile = '<img src=x onerror=alert(1)>';
const answers = ['18', '6', '4', '46', '66', '28'];
const truths = answers.map((answer, k) => ({
  prompt: [{ role: 'user', content: k === 5 ? hostile : `Question ${k}` }],
  completion: [{ role: 'assistant', content: `# ${answer}` }],
  native: k === 3 ? '' : `The answer is ${answer}.`,
  answer,
}));
/** Reversed, one prompt missing, one wrong, one unknown, one damaged. */
const own = [
  ...truths
    .filter((_, k) => k !== 1)
    .map(({ prompt, answer }, k) => ({
      prompt,
      completion: [{ role: 'assistant', content: k === 2 ? 'It is 0.' : `Let me see. ${answer}` }],
      provenance: 'self_output',
      ppl: 1.5,
      logprobs: [-0.5, -1],
      mask: [[0, 3]],
      masked: [0],
    }))
    .reverse(),
  { prompt: [{ role: 'user', content: 'Unknown' }], completion: [{ role: 'assistant', content: 'x' }] },
];
const all: ComparisonFilter = { verdict: 'any', gap: 1, text: '', differing: false };

async function opened(sources?: (folder: string) => TargetSourceSpec[]) {
  const folder = await mkdtemp(join(tmpdir(), 'target-diff-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [dataset, other] = [join(folder, 'truth.jsonl'), join(folder, 'own.jsonl')];
  await writeFile(dataset, truths.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await writeFile(join(folder, 'package.json'), '{\n  "name": "x"\n}\n');
  await writeFile(other, `${own.map((row) => JSON.stringify(row)).join('\n')}\n{broken\n`);
  const server = await memoryServer(targetDiffPart, folder);
  const specs = sources?.(folder) ?? [{ kind: 'file', file: other } as const, { kind: 'column', column: 'native' }];
  const { id } = await server.call(openComparison, {
    dataset,
    sources: [{ kind: 'dataset' }, ...specs],
    verifier: { scorer: 'last_number', field: 'answer' },
  });
  const until = async (fits: (state: ComparisonState) => boolean): Promise<ComparisonState> => {
    for (;;) {
      const state = await server.call(getComparison, { id });
      if (fits(state)) return state;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const state = await until((one) => one.state !== 'aligning' && !one.judging);
  return { server, id, folder, dataset, other, state, until };
}

describe('opening', () => {
  it('aligns by prompt, judges, and counts what has no partner', async () => {
    const { state } = await opened();
    expect(state).toMatchObject({ state: 'ready', rows: 6 });
    const [truth, file, column] = state.sources;
    expect(truth).toMatchObject({ items: 6, missing: 0, provenance: 'ground_truth' });
    expect(truth?.verified).toEqual({ judged: 6, accepted: 6 });
    expect(file).toMatchObject({ items: 5, missing: 1, unmatched: 1, provenance: 'self_output', maskedShare: 0.5 });
    expect(file?.dropped.map(({ count, first }) => [count, first])).toEqual([[1, 7]]);
    expect(file?.verified).toEqual({ judged: 5, accepted: 4 });
    expect(file?.statistics).toMatchObject({ items: 5, tokens: 10 });
    expect(column).toMatchObject({ items: 5, missing: 1, provenance: 'native' });
    expect(column?.dropped[0]).toMatchObject({ reason: phrase('no text in column "{0}"', 'native'), count: 1 });
  });

  it('says why a file cannot be compared, and compares the others', async () => {
    const { server, id, folder, state } = await opened((place) => [
      { kind: 'file', file: join(place, 'absent.jsonl') },
      { kind: 'file', file: join(place, 'package.json') },
      { kind: 'file', file: join(place, 'own.jsonl') },
    ]);
    expect(state).toMatchObject({ state: 'ready', rows: 6 });
    const [, absent, object, file] = state.sources;
    expect(inEnglish(absent?.failure?.message ?? '')).toContain('absent.jsonl does not exist');
    expect(inEnglish(absent?.failure?.remedy ?? '')).toBe('Check the path.');
    expect(inEnglish(object?.failure?.message ?? '')).toContain('one JSON object');
    expect([absent, object, file].map((source) => source?.items)).toEqual([0, 0, 5]);
    expect(file?.failure).toBeUndefined();
    // It may change: nothing is read from it.
    await writeFile(join(folder, 'package.json'), '{}');
    const view = await server.call(arrangeComparison, { id, left: 0, right: 3, filter: all, sort: 'line' });
    const page = { id, view: view.view, from: 0, count: 10, characters: 10 };
    expect(await server.call(getComparisonRows, page)).toHaveLength(6);
  });

  it('fails when the dataset cannot be read, and hands on what was chosen all the same', async () => {
    const { server, id, dataset } = await opened();
    await server.call(chooseTargets, { id, row: { row: 0, source: 2 } });
    const text = await readFile(dataset, 'utf8');
    await rm(dataset);
    const sources: TargetSourceSpec[] = [{ kind: 'dataset' }, { kind: 'column', column: 'native' }];
    const failing = await server.call(openComparison, { dataset, sources, after: id });
    const state = async (): Promise<ComparisonState> => server.call(getComparison, { id: failing.id });
    await expect.poll(async () => (await state()).state).toBe('failed');
    expect(inEnglish((await state()).failure?.message ?? '')).toContain('truth.jsonl does not exist');
    await writeFile(dataset, text);
    const next = await server.call(openComparison, { dataset, sources, after: failing.id });
    expect(await server.call(chooseTargets, { id: next.id })).toMatchObject({ own: 1, bySource: [5, 1], lost: [] });
  });

  it('offers columns and files made from the dataset', async () => {
    const { server, dataset, other } = await opened();
    const { offers, columns } = await server.call(findTargetSources, { dataset });
    expect(offers.map(({ spec }) => spec)).toEqual([{ kind: 'dataset' }]);
    await writeFile(other, `${JSON.stringify({ ...own[0], prompt: truths[0]?.prompt })}\n`);
    const again = await server.call(findTargetSources, { dataset });
    expect(again.offers.map(({ spec }) => spec.kind)).toEqual(['dataset', 'file']);
    expect(columns).toContain('answer');
  });
});

describe('sources of a run', () => {
  it('have the ground truth once, with what the run recorded of it', async () => {
    const { server, folder, dataset } = await opened();
    const run = join(folder, 'runs', 'one');
    const filesOf: Record<string, string> = { 'ground truth': 'truth', replay: 'truth', [hostileName]: 'masked' };
    const { targets } = await writeRun(run, {
      change: (made) => {
        const stages = made.config.experiment.stages.map((stage) => ({ ...stage, dataset }));
        const [first] = made.targets;
        const records = [...made.targets, ...[1, 2].map((stage) => ({ ...first!, arm: 'replay', stage }))];
        return {
          ...made,
          config: { ...made.config, experiment: { ...made.config.experiment, stages } },
          targets: records.map((one) => ({ ...one, rows: `${filesOf[one.arm] ?? 'own'}.jsonl` })),
        };
      },
    });
    expect(targets.map(({ arm }) => arm)).toContain('ground truth');
    const recorded = truths.map((row, k) => ({
      ...row,
      provenance: 'ground_truth',
      logprobs: [-1],
      ...(k ? {} : { completion: [{ role: 'assistant', content: 'no longer' }] }),
    }));
    await writeFile(join(run, 'truth.jsonl'), recorded.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const found = await server.call(findTargetSources, { run });
    expect(found).toMatchObject({ dataset, place: 'truth.jsonl' });
    expect(found.offers.map(({ label }) => label)).toEqual(['Ground truth', 'self-output', hostileName]);
    const [truth] = found.offers;
    const { id } = await server.call(openComparison, { dataset, sources: [truth!.spec] });
    await expect
      .poll(async () => (await server.call(getComparison, { id })).sources[0]?.statistics)
      // One answer has changed since: its number belongs to another text.
      .toMatchObject({ items: 5, pplMean: Math.E });
  });

  it('stand beside a dataset too: the own words of the newest run that was taught with it', async () => {
    const { server, folder, dataset } = await opened();
    const make = (name: string, createdAt: string, arms: readonly string[]): Promise<unknown> =>
      writeRun(join(folder, 'runs', name), {
        change: (made) => {
          const stages = made.config.experiment.stages.map((stage) => ({ ...stage, dataset }));
          const targets = made.targets.map((one) => ({
            ...one,
            rows: `${one.arm === 'self-output' ? 'own' : 'x'}.jsonl`,
          }));
          return {
            ...made,
            config: { ...made.config, createdAt, experiment: { ...made.config.experiment, stages } },
            targets: targets.filter(({ arm }) => arms.includes(arm)),
          };
        },
      });
    await make('old', '2026-01-01T00:00:00.000Z', ['ground truth', 'self-output']);
    await make('new', '2026-01-02T00:00:00.000Z', ['ground truth', hostileName, 'self-output']);
    await make('newest', '2026-01-03T00:00:00.000Z', ['ground truth']);
    const { offers } = await server.call(findTargetSources, { dataset });
    expect(offers.map(({ label }) => label)).toEqual(['Ground truth', 'self-output']);
    expect(offers[1]?.spec).toMatchObject({ file: join(folder, 'runs', 'new', 'own.jsonl') });
    const other = await server.call(findTargetSources, { dataset: join(folder, 'own.jsonl') });
    expect(other.offers.map(({ label }) => label)).not.toContain('self-output');
  });

  it('have names that tell them apart', async () => {
    const { state, folder } = await opened((place) => {
      const file = join(place, 'own.jsonl');
      return [
        { kind: 'file', file, label: 'ground truth' },
        { kind: 'file', file },
        { kind: 'file', file },
        { kind: 'file', file },
      ];
    });
    const place = `${basename(folder)}/own.jsonl`;
    expect(state.sources.map(({ label }) => label)).toEqual([
      'Ground truth',
      `ground truth (${place})`,
      'own',
      `own (${place})`,
      `own (${place}) 2`,
    ]);
  });
});

describe('rows', () => {
  it('come by page with texts, verdicts and differences, hostile ones as they are', async () => {
    const { server, id } = await opened();
    const view = { left: 0, right: 1, filter: all, sort: 'line' } as const;
    const { view: order, count } = await server.call(arrangeComparison, { id, ...view });
    expect(count).toBe(6);
    const page = { id, view: order, from: 0, count: 10, characters: 1000 };
    const rows = await server.call(getComparisonRows, page);
    expect(rows.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rows[5]?.prompt).toBe(hostile);
    expect(rows[0]).toMatchObject({ left: { text: '# 18', verdict: 1 }, right: { text: 'Let me see. 18', line: 5 } });
    expect(rows[0]?.diff?.map(({ kind }) => kind)).toContain('added');
    expect(rows[1]?.right).toBeUndefined();
    expect(rows[0]?.right?.mask).toEqual([[0, 3]]);
    const short = await server.call(getComparisonRows, { ...page, from: 5, characters: 4 });
    expect(short[0]).toMatchObject({ prompt: '<img', right: { text: 'Let ', cut: 10 } });
    expect(short[0]?.diff).toBeUndefined();
  });

  it('are filtered and sorted over numbers', async () => {
    const { server, id } = await opened();
    const lines = async (filter: Partial<ComparisonFilter>, sort: 'line' | 'right' = 'line') => {
      const arranged = await server.call(arrangeComparison, {
        id,
        left: 0,
        right: 1,
        filter: { ...all, ...filter },
        sort,
      });
      const rows = await server.call(getComparisonRows, {
        id,
        view: arranged.view,
        from: 0,
        count: 10,
        characters: 100,
      });
      return rows.map(({ line }) => line);
    };
    expect(await lines({ verdict: 'left' })).toEqual([2, 4]);
    expect(await lines({ verdict: 'both' })).toEqual([1, 3, 5, 6]);
    expect(await lines({ verdict: 'neither' })).toEqual([]);
    expect(await lines({ text: 'QUESTION 4' })).toEqual([5]);
    expect(await lines({ text: 'onerror' })).toEqual([6]);
    expect(await lines({ gap: 2 })).toEqual([]);
    expect(await lines({}, 'right')).toEqual([1, 3, 4, 5, 6, 2]);
  });

  it('that only wait for their numbers are counted, whatever leaves them out until then', async () => {
    const { server, id, until } = await opened();
    const arranged = async (filter: Partial<ComparisonFilter>) => {
      const view = { left: 0, right: 1, filter: { ...all, ...filter }, sort: 'line' } as const;
      const { count, unscored } = await server.call(arrangeComparison, { id, ...view });
      return [count, unscored];
    };
    // The second row has no answer at the right: no gap will ever come of it.
    expect(await arranged({})).toEqual([6, 6]);
    expect(await arranged({ gap: 1.01 })).toEqual([0, 5]);
    expect(await arranged({ gap: 1.01, text: 'question' })).toEqual([0, 4]);
    expect(await arranged({ gap: 1.01, verdict: 'left' })).toEqual([0, 1]);
    await server.call(scoreComparison, { id, model: { name: 'pocket' } });
    await until(({ scoring }) => scoring?.state === 'done' || scoring?.state === 'failed');
    expect(await arranged({ gap: 1.01 })).toEqual([5, 0]);
  });

  it('of a file that has changed are refused', async () => {
    const { server, id, dataset } = await opened();
    const { view } = await server.call(arrangeComparison, { id, left: 0, right: 1, filter: all, sort: 'line' });
    await writeFile(dataset, '{}\n');
    const page = { id, view, from: 0, count: 1, characters: 10 };
    await expect(server.call(getComparisonRows, page)).rejects.toThrow(/has changed since/);
  });
});

describe('choosing and writing', () => {
  it('follows the rule, a row of its own, and writes rows that can be read again', async () => {
    const { server, id, folder, dataset } = await opened();
    const prefer = { kind: 'prefer', source: 1, otherwise: 'ground-truth' } as const;
    const summary = await server.call(chooseTargets, { id, rule: prefer });
    expect(summary).toMatchObject({ rows: 6, bySource: [2, 4, 0], own: 0, undecided: 0 });
    await server.call(chooseTargets, { id, row: { row: 0, source: 2 } });
    expect(await server.call(chooseTargets, { id, row: { row: 5, source: null } })).toMatchObject({
      rows: 5,
      own: 2,
      bySource: [2, 2, 1],
      dropped: [{ reason: phrase('left out by hand'), count: 1 }],
    });
    const file = join(folder, 'new', 'chosen.jsonl');
    const written = await server.call(writeChosenTargets, { id, file, overwrite: false });
    expect(written).toMatchObject({ rows: 5, provenance: { native: 1, ground_truth: 2, self_output: 2 } });
    const { examples, dropped, format } = await loadExamples(file);
    expect([examples.length, dropped.length, format]).toEqual([5, 0, 'prompt-completion']);
    expect(examples.map(({ provenance }) => provenance)).toEqual([
      'native',
      'ground_truth',
      'self_output',
      'ground_truth',
      'self_output',
    ]);
    expect(examples[2]?.fields).toMatchObject({ answer: '4', source: { file: dataset, line: 3 }, mask: [[0, 3]] });
    const [first] = (await readFile(file, 'utf8')).split('\n');
    expect(rowFromJson(JSON.parse(first ?? ''))).toMatchObject({
      example: { body: { completion: 'The answer is 18.' }, provenance: 'native' },
      logprobs: [],
    });
  });

  it('never replaces a file without being told, nor one that is compared', async () => {
    const { server, id, folder, other } = await opened();
    const file = join(folder, 'there.jsonl');
    await writeFile(file, 'precious');
    const write = (to: string, overwrite: boolean) => server.call(writeChosenTargets, { id, file: to, overwrite });
    await expect(write(file, false)).rejects.toThrow(/there already/);
    expect(await readFile(file, 'utf8')).toBe('precious');
    await expect(write(other, true)).rejects.toThrow(/one of the compared files/);
    expect(await write(file, true)).toMatchObject({ rows: 6 });
  });

  it('waits for numbers that a rule needs', async () => {
    const { server, id, folder } = await opened();
    const rule = { kind: 'ground-truth-masked', tau: 2.5 } as const;
    expect(await server.call(chooseTargets, { id, rule })).toMatchObject({ undecided: 6 });
    const file = join(folder, 'masked.jsonl');
    await expect(server.call(writeChosenTargets, { id, file, overwrite: false })).rejects.toThrow(/cannot be decided/);
  });
});

describe('with a model', () => {
  it('scores, masks hard tokens and finds the lowest perplexity', { timeout: 60_000 }, async () => {
    const { server, id, folder, until } = await opened();
    const begun = await server.call(scoreComparison, { id, model: { name: 'pocket' } });
    // What the file recorded of all its answers is told until they are scored.
    expect(begun.sources.map(({ statistics, recorded }) => [statistics, recorded?.items])).toEqual([
      [undefined, undefined],
      [undefined, 5],
      [undefined, undefined],
    ]);
    const state = await until(({ scoring }) => scoring?.state === 'done' || scoring?.state === 'failed');
    expect(state.scoring).toMatchObject({ state: 'done', done: 16, total: 16 });
    expect(state.sources.map(({ scored }) => scored)).toEqual([6, 5, 5]);
    expect(state.sources.filter(({ recorded }) => recorded)).toEqual([]);
    const { view } = await server.call(arrangeComparison, { id, left: 0, right: 1, filter: all, sort: 'gap' });
    const rows = await server.call(getComparisonRows, { id, view, from: 0, count: 2, characters: 1000 });
    const [row] = rows;
    expect(row?.left?.tokens?.length).toBe(row?.left?.length);
    expect(row?.left?.ppl).toBeGreaterThan(row?.right?.ppl ?? Infinity);
    expect(row?.right?.tokens?.filter(({ trained }) => !trained).length).toBeGreaterThan(0);
    const masked = { kind: 'ground-truth-masked', tau: 2.5 } as const;
    expect(await server.call(chooseTargets, { id, rule: masked })).toMatchObject({ masked: 6, undecided: 0 });
    const file = join(folder, 'masked.jsonl');
    const written = await server.call(writeChosenTargets, { id, file, overwrite: false });
    const [line] = (await readFile(file, 'utf8')).split('\n');
    const first = rowFromJson(JSON.parse(line ?? ''));
    expect(written.rows + written.dropped.reduce((sum, { count }) => sum + count, 0)).toBe(6);
    expect(first.masked.length).toBeGreaterThan(0);
    for (const index of first.masked) expect(first.logprobs[index]).toBeLessThan(-Math.log(2.5));
    const lowest = await server.call(chooseTargets, { id, rule: { kind: 'lowest-perplexity' } });
    expect(lowest.bySource[0]).toBeLessThan(6);
    expect(lowest.undecided).toBe(0);
    const other = await server.call(scoreComparison, { id, model: { name: '/absent' } });
    expect(other.sources.filter(({ statistics, recorded }) => statistics ?? recorded)).toEqual([]);
    const judged = await server.call(judgeComparison, { id });
    expect(judged.sources[0]?.verified).toBeUndefined();
  });
});

describe('what was chosen', () => {
  const rule = { kind: 'prefer', source: 1, otherwise: 'drop' } as const;

  it('waits for a window that is loaded anew', async () => {
    const { server, id } = await opened();
    await server.call(chooseTargets, { id, rule });
    const before = await server.call(chooseTargets, { id, row: { row: 0, source: 0 } });
    server.leave();
    expect(await server.call(getComparison, { id })).toMatchObject({ id, state: 'ready' });
    expect(await server.call(chooseTargets, { id })).toEqual(before);
    expect(before).toMatchObject({ rule, own: 1 });
  });

  it('goes on in a comparison that takes the place of another', async () => {
    const { server, id, dataset, other } = await opened();
    await server.call(judgeComparison, { id });
    await server.call(chooseTargets, { id, rule });
    await server.call(chooseTargets, { id, row: { row: 0, source: 2 } });
    await server.call(chooseTargets, { id, row: { row: 1, source: null } });
    const next = await server.call(openComparison, {
      dataset,
      sources: [{ kind: 'dataset' }, { kind: 'column', column: 'native' }, { kind: 'file', file: other }],
      verifier: { scorer: 'last_number', field: 'answer' },
      after: id,
    });
    expect(next.verifier).toBeUndefined();
    const summary = await server.call(chooseTargets, { id: next.id });
    expect(summary).toMatchObject({ rule: { ...rule, source: 2 }, own: 2 });
    expect(summary.bySource[1]).toBe(1);
    await expect(server.call(getComparison, { id })).rejects.toThrow('not open any more');
  });

  it('belongs to what a row says: where the file has changed, what is not the same is dropped and counted', async () => {
    const { server, id, dataset, other, folder } = await opened();
    for (const [row, source] of [
      [0, 2],
      [2, 2],
      [4, null],
      [5, 1],
    ] as const)
      await server.call(chooseTargets, { id, row: { row, source } });
    const changed = truths.slice(1).map((row, k) => (k === 1 ? { ...row, native: 'Another answer.' } : row));
    const repeat = { ...truths[3]!, native: 'The answer is 46, again.' };
    await writeFile(dataset, [...changed, repeat].map((row) => `${JSON.stringify(row)}\n`).join(''));
    const sources: TargetSourceSpec[] = [{ kind: 'dataset' }, { kind: 'column', column: 'native' }];
    // Opened while the one before it still reads: that hands on what it was to take over.
    const between = await server.call(openComparison, { dataset, sources, after: id });
    const next = await server.call(openComparison, {
      dataset,
      sources: [...sources, { kind: 'file', file: other }],
      after: between.id,
    });
    const summary = await server.call(chooseTargets, { id: next.id });
    expect(summary).toMatchObject({
      own: 2,
      rows: 5,
      bySource: [4, 0, 1],
      lost: [{ reason: phrase('the row has changed'), count: 2 }],
    });
    const file = join(folder, 'chosen.jsonl');
    await server.call(writeChosenTargets, { id: next.id, file, overwrite: false });
    const { examples } = await loadExamples(file);
    const said = examples.map(({ body }) => body.kind !== 'text' && [body.prompt, body.completion]);
    expect(JSON.stringify(said)).not.toContain('Question 4');
    expect(JSON.stringify(said)).toContain('Let me see. 28');
    const last = await server.call(openComparison, { dataset, sources, after: next.id });
    expect(await server.call(chooseTargets, { id: last.id })).toMatchObject({
      own: 1,
      lost: [{ reason: phrase('the source is not compared any more'), count: 1 }],
    });
  });
});
