// Scores rows for everything in the editor: what is visible before what is not, the newest wish first, everything once.
// Results are kept by content and model, in memory and on disk, so that nothing is computed twice.
import { createHash } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nextTurn } from '../../lab/slices.ts';
import type { ScorablePart } from '../../recipes/scoreRows.ts';
import type { Example } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase, type Words } from '../../shared/phrase.ts';
import type { ScoringModel } from '../../shared/protocol/lab/datasets.ts';
import type { ServerContext } from '../context.ts';
import { textDeskOf, type EncodedRow } from '../texts/modelTexts.ts';
import { removeScoreFile, ScoreFile, type StoredScore } from './scoreFile.ts';
import { ScoredModels, type LoadedEngine, type OpenedModel, type ScoredModelsOptions } from './scoredModels.ts';

export type { OpenedModel } from './scoredModels.ts';

/** What is known of a row: its score, or the words with which tokenizer or chat template refuse it. */
export type KnownScore = StoredScore | { refused: Words };

/** Hover and row actions; what an editor shows; whole files. */
export type ScorePriority = 'asked' | 'visible' | 'background';

export interface ScoreOptions {
  priority: ScorePriority;
  signal?: AbortSignal;
  /** Called for every example as its score arrives; what is known already does not call. */
  onScore?: (index: number, score: KnownScore) => void;
}

interface Waiting {
  job: Job;
  waiter: Waiter;
}

export interface ScoringServiceOptions extends Omit<ScoredModelsOptions, 'folder'> {
  stateFolder: string;
}

/** Bytes of one generation of a model's scores, and how many models keep theirs on disk and in memory. */
const fileLimit = 32 * 2 ** 20;
const mostFiles = 16;
const mostInMemory = 8;

/** An engine call should not take longer than this, so that a newer wish waits little; milliseconds. */
const callMs: { readonly [P in ScorePriority]: number } = { asked: 150, visible: 150, background: 400 };
/** Rows and tokens of one call, whatever the speed. */
const mostRows = 64;
const mostTokens = 8192;
/** Rows that become tokens together, before it is known how many fit into a call. */
const encodedTogether = 16;
/** Assumed before the first call. */
const firstTokensPerSecond = 2000;

interface Job {
  id: string;
  key: string;
  model: OpenedModel;
  example: Example;
  waiters: Set<Waiter>;
  /** Once it has been encoded. */
  row?: EncodedRow;
  /** An engine computes it. */
  running: boolean;
}

interface Waiter {
  priority: ScorePriority;
  /** Later wishes have larger numbers. */
  wish: number;
  done: (score: KnownScore) => void;
  fail: (error: unknown) => void;
}

/** A row's content as far as its score depends on it: 16 bytes as latin1. */
export function contentKey(example: Example): string {
  return createHash('sha256').update(JSON.stringify(example.body)).digest().toString('latin1', 0, 16);
}

const services = new WeakMap<ServerContext, ScoringService>();

/** The one scoring service of a server: every part that shows perplexities shares its engines and its scores. */
export function scoringServiceOf(server: ServerContext): ScoringService {
  const there = services.get(server);
  if (there) return there;
  const { workspace, stateFolder } = server;
  const service = new ScoringService({ workspace, stateFolder, texts: textDeskOf(server) });
  services.set(server, service);
  server.onShutdown(() => service.close());
  return service;
}

export class ScoringService {
  readonly models: ScoredModels;
  private readonly folder: string;
  private readonly files = new Map<string, Promise<ScoreFile>>();
  private readonly open = new Map<string, ScoreFile>();
  /** Given back, and still being written. */
  private readonly released = new Map<string, Promise<void>>();
  private readonly jobs = new Map<string, Job>();
  /** By model and content. Not on disk: encoding says it again, in words of the day. */
  private readonly refusals = new Map<string, { refused: Words }>();
  private readonly speed = new Map<string, number>();
  private wishes = 0;
  private running = false;

  constructor({ stateFolder, ...options }: ScoringServiceOptions) {
    this.folder = join(stateFolder, 'scores');
    this.models = new ScoredModels({ ...options, folder: this.folder });
  }

  /** A model with its known scores in memory; afterwards `known` answers at once. */
  async model(choice: ScoringModel): Promise<OpenedModel> {
    const model = await this.models.open(choice);
    await this.fileOf(model.hash);
    return model;
  }

  /** The score of a row if it is known. */
  known(model: OpenedModel, key: string): KnownScore | undefined {
    return this.open.get(model.hash)?.get(key) ?? this.refusals.get(`${model.hash}${key}`);
  }

  /**
   * The scores of rows in order. An aborted call rejects with an AbortError; what nobody waits for any more is not
   * computed.
   */
  async score(model: OpenedModel, examples: readonly Example[], options: ScoreOptions): Promise<KnownScore[]> {
    options.signal?.throwIfAborted();
    await this.fileOf(model.hash);
    const { priority, signal, onScore } = options;
    const wish = { priority, wish: ++this.wishes };
    const waiters: Waiting[] = [];
    const leave = (): void => this.leave(waiters);
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.all(
        examples.map((example, index) =>
          this.one(model, example, wish, waiters, onScore && ((score) => onScore(index, score))),
        ),
      );
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Does something else with a model's engine, between two groups of rows. */
  withEngine<T>(model: OpenedModel, action: (loaded: LoadedEngine) => Promise<T>): Promise<T> {
    return this.models.withEngine(model, action);
  }

  async close(): Promise<void> {
    const error = new LabError('engine-died', phrase('The lab server is ending'));
    for (const job of this.jobs.values()) for (const waiter of job.waiters) waiter.fail(error);
    this.jobs.clear();
    await this.models.close();
    for (const file of this.open.values()) await file.flush();
    await Promise.all(this.released.values());
  }

  /** Rows that wait for an engine. */
  get waiting(): number {
    return this.jobs.size;
  }

  /** Resolves with a score when it is known; `waiters` collects what an abort has to end. */
  private one(
    model: OpenedModel,
    example: Example,
    waiter: Omit<Waiter, 'done' | 'fail'>,
    waiters: Waiting[],
    onScore: ((score: KnownScore) => void) | undefined,
  ): Promise<KnownScore> {
    const key = contentKey(example);
    const known = this.known(model, key);
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const id = `${model.hash}${key}`;
      const job = this.jobs.get(id) ?? { id, key, model, example, waiters: new Set(), running: false };
      const done = (score: KnownScore): void => {
        onScore?.(score);
        resolve(score);
      };
      const whole: Waiter = { ...waiter, done, fail: reject };
      job.waiters.add(whole);
      waiters.push({ job, waiter: whole });
      this.jobs.set(id, job);
      this.run();
    });
  }

  private leave(waiters: readonly Waiting[]): void {
    for (const { job, waiter } of waiters) {
      if (!job.waiters.delete(waiter)) continue;
      // What the engine has begun is kept: the next one to ask may well be on its way.
      if (job.waiters.size === 0 && !job.running) this.jobs.delete(job.id);
      waiter.fail(new DOMException('The rows are no longer wanted', 'AbortError'));
    }
  }

  private run(): void {
    if (this.running) return;
    this.running = true;
    void this.work().finally(() => {
      this.running = false;
      if (this.jobs.size > 0) this.run();
    });
  }

  private async work(): Promise<void> {
    // Wishes of the same turn come together before the first group is chosen.
    await nextTurn();
    while (this.jobs.size > 0) {
      const { jobs, priority } = this.nextJobs();
      await this.scoreGroup(jobs, priority);
      await nextTurn();
    }
  }

  /** Jobs of the most pressing wish and its model, more than one call takes. */
  private nextJobs(): { jobs: Job[]; priority: ScorePriority } {
    const ranked = [...this.jobs.values()].map((job) => ({ job, ...mostPressing(job) }));
    let first = ranked[0] as (typeof ranked)[number];
    for (const one of ranked) if (one.rank > first.rank) first = one;
    const jobs = ranked.filter(({ job, rank }) => rank === first.rank && job.model.hash === first.job.model.hash);
    return { jobs: jobs.slice(0, mostRows).map(({ job }) => job), priority: first.priority };
  }

  private async scoreGroup(jobs: readonly Job[], priority: ScorePriority): Promise<void> {
    const { model } = jobs[0] as Job;
    const speed = this.speed.get(model.hash) ?? firstTokensPerSecond;
    const budget = Math.min(mostTokens, (speed * callMs[priority]) / 1000);
    try {
      const { group, tokens } = await this.groupOf(model, jobs, budget);
      if (group.length > 0) await this.scoreParts(model, group, tokens);
    } catch (error) {
      this.fail(model, error);
    }
  }

  /** The first jobs that fit into one call, encoded. Those without a score are settled on the way. */
  private async groupOf(
    model: OpenedModel,
    jobs: readonly Job[],
    budget: number,
  ): Promise<{ group: { job: Job; part: ScorablePart }[]; tokens: number }> {
    const group: { job: Job; part: ScorablePart }[] = [];
    let tokens = 0;
    for (let from = 0; from < jobs.length; from += encodedTogether) {
      const some = jobs.slice(from, from + encodedTogether);
      await encodeJobs(model, some);
      for (const job of some) {
        if (this.jobs.get(job.id) !== job || !job.row) continue;
        if (!('tokens' in job.row)) {
          this.settle(job, job.row);
          continue;
        }
        // The budget decides how many come together; the first one goes whatever its length.
        if (group.length > 0 && tokens + job.row.tokens.length > budget) return { group, tokens };
        tokens += job.row.tokens.length;
        job.running = true;
        group.push({ job, part: job.row });
      }
    }
    return { group, tokens };
  }

  private async scoreParts(
    model: OpenedModel,
    group: readonly { job: Job; part: ScorablePart }[],
    tokens: number,
  ): Promise<void> {
    const scores = await this.models.withEngine(model, async ({ engine, info }) => {
      const begun = performance.now();
      const result = await engine.score({
        model: info.id,
        sequences: group.map(({ part }) => part.tokens),
        from: group.map(({ part }) => part.from),
      });
      this.speed.set(model.hash, (1000 * tokens) / Math.max(1, performance.now() - begun));
      return result;
    });
    for (const [index, { job }] of group.entries()) {
      const logprobs = scores[index]?.logprobs ?? [];
      this.settle(job, { logprobs: logprobs.map((value) => Math.round(value * 1e6) / 1e6) });
    }
  }

  private settle(job: Job, score: KnownScore): void {
    if ('refused' in score) this.refusals.set(job.id, score);
    else this.open.get(job.model.hash)?.put(job.key, score);
    this.jobs.delete(job.id);
    for (const waiter of job.waiters) waiter.done(score);
  }

  /** A model that cannot be used fails everything that waits for it: one message instead of thousands. */
  private fail(model: OpenedModel, error: unknown): void {
    for (const job of [...this.jobs.values()]) {
      if (job.model.hash !== model.hash) continue;
      this.jobs.delete(job.id);
      for (const waiter of job.waiters) waiter.fail(error);
    }
  }

  private fileOf(hash: string): Promise<ScoreFile> {
    const file = this.files.get(hash) ?? this.openFile(hash);
    // The last one is the one used last.
    this.files.delete(hash);
    this.files.set(hash, file);
    // A failure is not kept.
    file.catch(() => this.files.delete(hash));
    for (const unused of [...this.files.keys()].slice(0, -mostInMemory)) this.release(unused);
    return file;
  }

  /** Gives the memory of a model's scores back; who asks for them later reads them again. */
  private release(hash: string): void {
    if ([...this.jobs.values()].some(({ model }) => model.hash === hash)) return;
    const file = this.open.get(hash);
    if (!file) return; // it is being opened
    this.files.delete(hash);
    this.open.delete(hash);
    for (const key of this.refusals.keys()) if (key.startsWith(hash)) this.refusals.delete(key);
    const flushed = file
      .flush()
      .then(() => file.touch())
      .finally(() => this.released.delete(hash));
    this.released.set(hash, flushed);
  }

  private async openFile(hash: string): Promise<ScoreFile> {
    await this.released.get(hash);
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      const inUse = new Set([...this.files.keys(), ...this.released.keys(), hash].map(nameOf));
      await removeLeastRecent(this.folder, inUse);
    } catch {
      // Without a place on disk scores are kept in memory alone.
    }
    const file = await ScoreFile.open(join(this.folder, nameOf(hash)), fileLimit);
    await file.touch();
    this.open.set(hash, file);
    return file;
  }
}

function mostPressing(job: Job): { rank: number; priority: ScorePriority } {
  let best = -Infinity;
  let priority: ScorePriority = 'background';
  for (const waiter of job.waiters) {
    // Among whole files the first comes first; of what is looked at, the newest.
    const base = { asked: 2e12, visible: 1e12, background: 0 }[waiter.priority];
    const rank = base + (waiter.priority === 'background' ? -waiter.wish : waiter.wish);
    if (rank > best) [best, priority] = [rank, waiter.priority];
  }
  return { rank: best, priority };
}

/** Encodes those that are not encoded yet. */
async function encodeJobs(model: OpenedModel, jobs: readonly Job[]): Promise<void> {
  const fresh = jobs.filter(({ row }) => !row);
  const rows = await model.texts.encodeRows(fresh.map(({ example }) => example));
  for (const [index, job] of fresh.entries()) job.row = rows[index] as EncodedRow;
}

const nameOf = (hash: string): string => `${hash}.scores`;

/** Of the files that are not in use, those that were used longest ago go, so that with those in use not too many are left. */
async function removeLeastRecent(folder: string, inUse: ReadonlySet<string>): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.scores') && !inUse.has(name));
  const files = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  files.sort((a, b) => b.at - a.at);
  for (const { name } of files.slice(Math.max(0, mostFiles - inUse.size))) await removeScoreFile(join(folder, name));
}
