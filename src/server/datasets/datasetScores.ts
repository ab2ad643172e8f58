// Scores of one document: what its editor shows first, then the rest of the file for the summary.
import { slices } from '../../lab/slices.ts';
import { mean, sampleStd } from '../../metrics/statistics.ts';
import type { Example } from '../../shared/dataset.ts';
import type {
  DatasetRow,
  DatasetRows,
  RowsRequest,
  ScoringModel,
  SummaryScores,
} from '../../shared/protocol/lab/datasets.ts';
import { exampleAt, knownScore, placeTokens, plainRow, withMarks, withScore } from './annotate.ts';
import type { DatasetDocument } from './datasetDocument.ts';
import { perplexityOf } from './rowNumbers.ts';
import type { UsableRow } from './rowInfo.ts';
import { contentKey, type OpenedModel, type ScoringService } from './scoringService.ts';
import { errorWords } from '../../shared/errors.ts';

/** Rows of one answer: more than any screen shows. */
const mostRows = 500;
/** A request does not wait longer than this for a model that has to be read first, milliseconds. */
const modelWaitMs = 40;
/** Rows of a file that are scored for the summary; who wants all of a larger one uses `forgetting-lab score`. */
export const summaryRows = 20_000;
/** Rows handed over together in the background. */
const rowsTogether = 64;
/**
 * Hints, colours, split editors and folded ranges ask one after another, and again whenever scores have come: what was asked
 * longer ago than this, milliseconds, has been scrolled away once somebody asks for other rows.
 */
const wantedMs = 500;

export interface ScoresListener {
  /** Scores of rows between two lines are there. */
  onScored(model: string, from: number, to: number): void;
  /** The summary has more in it. */
  onSummary(): void;
}

export class DatasetScores {
  private readonly document: DatasetDocument;
  private readonly service: ScoringService;
  private readonly listener: ScoresListener;
  /** What editors show and do not know yet. */
  private readonly wishes = new Set<{ at: number; ends: AbortController }>();
  /** Contents of which an editor was told that their scores are on the way. */
  private readonly awaited = new Set<string>();
  private background = new AbortController();
  private choice: ScoringModel | undefined;
  private model: OpenedModel | undefined;
  private done = false;
  private failure: SummaryScores['failure'];
  private finished: Promise<void> = Promise.resolve();

  constructor(document: DatasetDocument, service: ScoringService, listener: ScoresListener) {
    this.document = document;
    this.service = service;
    this.listener = listener;
  }

  /** Rows that touch lines; scores that are not known are on their way when this resolves. */
  async rows(request: RowsRequest & { model: ScoringModel; marks?: boolean }): Promise<DatasetRows> {
    const { document } = this;
    await document.ready();
    const { table, version } = document;
    const opening = this.service.model(request.model);
    const model = await withinTime(
      opening.catch(() => undefined),
      modelWaitMs,
    );
    const indices = table
      .within(request.from, request.to, mostRows)
      .filter((index) => table.info(index).kind !== 'blank');
    if (!model) {
      // Asking again is cheap once the model is open.
      opening.then(
        () => this.listener.onScored(request.model.name, request.from, request.to),
        (error: unknown) => this.fail(error),
      );
      return { version, rows: indices.map((index) => waiting(plainRow(table, index))) };
    }
    this.follow(model);
    const rows: DatasetRow[] = [];
    const missing: number[] = [];
    const pause = slices();
    const current = document.since();
    for (const index of indices) {
      await pause();
      if (!current()) break;
      const row = await this.rowAt(index, model, request.marks === true, current);
      if (!current()) break;
      if (row.state === 'pending') missing.push(index);
      rows.push(row);
    }
    if (current()) this.fetch(missing, model, request.model.name);
    return { version, rows };
  }

  /** A row with the probabilities of its answer tokens; waits for them. Undefined when the text changes meanwhile. */
  async row(
    index: number,
    choice: ScoringModel,
    signal: AbortSignal,
  ): Promise<{ row: DatasetRow; model: OpenedModel; logprobs: readonly number[] } | undefined> {
    const { table, path } = this.document;
    const current = this.document.since();
    const model = await this.service.model(choice);
    if (!current()) return undefined;
    const info = table.info(index);
    const example = exampleAt(table, index, path);
    if (info.kind !== 'row' || !example) return undefined;
    const [stored] = await this.service.score(model, [example], { priority: 'asked', signal });
    if (!stored || !('logprobs' in stored) || !current()) return undefined;
    const row = withScore(plainRow(table, index), await knownScore(table, index, info, model, this.service));
    if (!current()) return undefined;
    return { row, model, logprobs: stored.logprobs };
  }

  /** Scores the whole file in the background from now on, and after every edit. */
  summarise(choice: ScoringModel): void {
    if (this.choice && same(this.choice, choice) && this.failure === undefined) {
      void this.service.model(choice).then(
        (model) => this.follow(model),
        (error: unknown) => this.fail(error),
      );
      return;
    }
    this.choice = choice;
    this.restart();
  }

  /** The folder of the background's model has changed: with other weights in it the summary is made anew. */
  private follow(model: OpenedModel): void {
    const { choice, model: before } = this;
    if (!choice || !before || !same(choice, model.choice) || before.stamp === model.stamp) return;
    this.model = model;
    if (before.hash === model.hash) this.listener.onSummary();
    else this.restart();
  }

  /** Nobody wants to know the scores of the whole file any more. */
  stop(): void {
    this.background.abort();
    this.choice = undefined;
  }

  /** The text has changed: what runs in the background belongs to another one. */
  pause(): void {
    this.background.abort();
  }

  /** The rows have been read, or read anew. */
  restart(): void {
    this.background.abort();
    const { choice } = this;
    if (!choice) return;
    this.background = new AbortController();
    this.done = false;
    this.failure = undefined;
    const { signal } = this.background;
    this.finished = this.scoreAll(choice, signal).catch((error: unknown) => {
      if (!signal.aborted) this.fail(error);
    });
  }

  /** The model of the summary, once it is open. */
  get summarised(): OpenedModel | undefined {
    return this.choice && this.model;
  }

  /** What the summary says about the model; undefined before one was asked for. */
  summary(): SummaryScores | undefined {
    const { choice, model, done, failure } = this;
    if (!choice) return undefined;
    const perplexities: number[] = [];
    let [tokens, nllSum] = [0, 0];
    const { table } = this.document;
    table.forEachKnown((info) => {
      if (info.kind !== 'row' || !info.score || info.score.model !== model?.hash) return;
      if (info.score.unusable !== undefined) return;
      perplexities.push(perplexityOf(info.score.nllSum, info.score.tokens));
      tokens += info.score.tokens;
      nllSum += info.score.nllSum;
    });
    const some = perplexities.length > 0;
    return {
      model: choice.name,
      scored: perplexities.length,
      tokens,
      perplexityMean: some ? mean(perplexities) : null,
      perplexityStd: some ? sampleStd(perplexities) : null,
      corpusPerplexity: some ? perplexityOf(nllSum, tokens) : null,
      done,
      ...(table.length > summaryRows ? { limit: summaryRows } : {}),
      ...(failure === undefined ? {} : { failure }),
    };
  }

  /** Resolves when nothing runs in the background. */
  settled(): Promise<void> {
    return this.finished;
  }

  close(): void {
    for (const { ends } of this.wishes) ends.abort();
    this.background.abort();
  }

  /** Stops where it is when the text changes meanwhile: there may be no such row any more. */
  private async rowAt(index: number, model: OpenedModel, marks: boolean, current: () => boolean): Promise<DatasetRow> {
    const { table } = this.document;
    const info = table.info(index);
    const row = plainRow(table, index);
    if (info.kind !== 'row') return row;
    const scored = withScore(row, await knownScore(table, index, info, model, this.service));
    if (scored.state === 'pending') this.awaited.add(info.key);
    if (!marks || scored.state !== 'scored' || !current()) return scored;
    const stored = this.service.known(model, info.key);
    const placed = await placeTokens(table, index, info, model);
    return placed && stored && 'logprobs' in stored ? withMarks(scored, placed, stored.logprobs) : scored;
  }

  /** Has visible rows scored and tells as they come. */
  private fetch(missing: readonly number[], model: OpenedModel, name: string): void {
    const { table, path } = this.document;
    const rows = missing.flatMap((index) => {
      const example = exampleAt(table, index, path);
      return example ? [{ example, place: table.place(index), key: contentKey(example) }] : [];
    });
    if (rows.length === 0) return;
    const wish = { at: performance.now(), ends: new AbortController() };
    for (const older of this.wishes) if (wish.at - older.at > wantedMs) older.ends.abort();
    this.wishes.add(wish);
    const scoring = this.service.score(
      model,
      rows.map(({ example }) => example),
      {
        priority: 'visible',
        signal: wish.ends.signal,
        onScore: (index) => {
          const row = rows[index];
          if (!row) return;
          this.awaited.delete(row.key);
          this.listener.onScored(name, row.place.start.line, row.place.end.line);
        },
      },
    );
    scoring
      .catch((error: unknown) => {
        if (!(error instanceof DOMException)) this.fail(error);
      })
      .finally(() => this.wishes.delete(wish));
  }

  /** A score has come without having been asked for by the editor that waits for it. */
  private announce(index: number, { key }: UsableRow, { name }: ScoringModel): void {
    if (!this.awaited.delete(key)) return;
    const { start, end } = this.document.table.place(index);
    this.listener.onScored(name, start.line, end.line);
  }

  private fail(error: unknown): void {
    this.failure = errorWords(error);
    this.listener.onSummary();
  }

  private async scoreAll(choice: ScoringModel, signal: AbortSignal): Promise<void> {
    const model = await this.service.model(choice);
    signal.throwIfAborted();
    this.model = model;
    const { table, path } = this.document;
    const pause = slices();
    let group: { index: number; info: UsableRow; example: Example }[] = [];
    const finish = async (): Promise<void> => {
      const scores = await this.service.score(
        model,
        group.map(({ example }) => example),
        { priority: 'background', signal },
      );
      signal.throwIfAborted();
      for (const [at, { index, info }] of group.entries()) {
        if (!scores[at]) continue;
        await knownScore(table, index, info, model, this.service);
        signal.throwIfAborted();
        this.announce(index, info, choice);
      }
      group = [];
      this.listener.onSummary();
    };
    const last = Math.min(table.length, summaryRows);
    for (let index = 0; index < last; index++) {
      await pause();
      signal.throwIfAborted();
      const info = table.info(index);
      if (info.kind !== 'row') continue;
      const known = await knownScore(table, index, info, model, this.service);
      signal.throwIfAborted();
      if (known) {
        this.announce(index, info, choice);
        continue;
      }
      const example = exampleAt(table, index, path);
      if (example) group.push({ index, info, example });
      if (group.length >= rowsTogether) await finish();
    }
    if (group.length > 0) await finish();
    this.done = true;
    this.listener.onSummary();
  }
}

const waiting = (row: DatasetRow): DatasetRow => (row.state === 'bad' ? row : { ...row, state: 'pending' });

const same = (a: ScoringModel, b: ScoringModel): boolean =>
  a.name === b.name && a.device === b.device && a.threads === b.threads;

/** The value if it comes soon; a failure is passed on. */
async function withinTime<T>(value: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}
