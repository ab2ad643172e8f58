// Notices what changes in run folders, whoever writes: the system's own notices where there are any, and a light poll that
// never fails. Nothing here reads content.
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import type { RunIndex } from './runIndex.ts';
import { changeTime } from './stamp.ts';

const tickMs = 1000;

/** A notice of the system has the running runs looked at after this, or later where looking takes longer than its share. */
const soonMs = 200;
const lookShare = 10;
const latestMs = 5000;

/** Every run at rest is looked at once in so many ticks. */
const ticksPerRound = 30;

/** The whole workspace is searched this often, or more rarely when that takes long. */
const searchMs = 20_000;
const searchShare = 20;

/** A place that has changed is looked at for so long: a new run folder is empty at first. */
const hotMs = 5000;

/** Folders that are watched; the poll sees the others. */
const watchersKept = 64;

export class RunWatch {
  private readonly index: RunIndex;
  private readonly workspace: string;
  private readonly log: (message: string) => void;
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly placeTimes = new Map<string, number>();
  private readonly hot = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private ticking: Promise<void> | undefined;
  /** A search of the whole workspace. Ticks go on meanwhile: it may take many seconds. */
  private searching: Promise<void> | undefined;
  private dueAt = Infinity;
  /** The system gave notice during a tick. */
  private noticed = false;
  /** How long to leave the running runs alone. */
  private restMs = soonMs;
  private round = 0;
  private roundAt = 0;
  private searchAt = Date.now() + searchMs;
  private stopped = false;

  constructor(index: RunIndex, workspace: string, log: (message: string) => void) {
    this.index = index;
    this.workspace = workspace;
    this.log = log;
  }

  start(): void {
    this.notePlaces();
    this.rewatch();
    this.schedule(tickMs);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const watcher of this.watchers.values()) watcher.close();
    await this.ticking;
    await this.searching;
  }

  /** Has the running runs looked at soon; one tick at a time. */
  private notice(): void {
    if (this.ticking) this.noticed = true;
    else this.schedule(this.restMs);
  }

  private schedule(delay: number): void {
    const at = Date.now() + delay;
    if (this.stopped || at >= this.dueAt) return;
    this.dueAt = at;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.dueAt = Infinity;
      this.noticed = false;
      this.ticking = this.tick().finally(() => {
        this.ticking = undefined;
        this.schedule(this.noticed ? this.restMs : Math.max(tickMs, this.restMs));
      });
    }, delay);
    this.timer.unref();
  }

  private async tick(): Promise<void> {
    try {
      const begunAt = performance.now();
      await this.index.refreshAll(this.index.running);
      this.restMs = Math.min(latestMs, Math.max(soonMs, lookShare * (performance.now() - begunAt)));
      await this.lookAtPlaces();
      await this.index.checkExperiments();
      // A training that writes ten times a second must not have a thousand runs looked at as often.
      if (Date.now() >= this.roundAt) await this.lookAround();
      this.rewatch();
      await this.index.save();
    } catch (error) {
      // A folder that vanishes between two looks is no reason to stop looking.
      this.log(`Looking for runs: ${(error as Error).message}`);
    }
  }

  private async lookAround(): Promise<void> {
    this.roundAt = Date.now() + tickMs - soonMs;
    await this.index.checkLives();
    await this.lookAtSomeRuns();
    if (Date.now() < this.searchAt) return;
    this.searching ??= this.search().finally(() => {
      this.searching = undefined;
    });
  }

  private async search(): Promise<void> {
    const begunAt = Date.now();
    try {
      await this.index.scan();
      this.notePlaces();
    } catch (error) {
      this.log(`Searching the workspace for runs: ${(error as Error).message}`);
    }
    const took = Date.now() - begunAt;
    this.searchAt = Date.now() + Math.max(searchMs, searchShare * took);
  }

  private notePlaces(): void {
    for (const place of this.index.places)
      if (!this.placeTimes.has(place)) this.placeTimes.set(place, changeTime(place));
  }

  /** Searches below places to which something was added or from which something went. */
  private async lookAtPlaces(): Promise<void> {
    const now = Date.now();
    for (const place of this.index.places) {
      const time = changeTime(place);
      if (this.placeTimes.get(place) !== time) this.hot.set(place, now + hotMs);
      this.placeTimes.set(place, time);
    }
    for (const [place, until] of this.hot) {
      if (until < now) this.hot.delete(place);
      if (place !== this.workspace) await this.index.scan(place);
      else await this.index.scan(place, { depth: 2 });
    }
    this.notePlaces();
  }

  private async lookAtSomeRuns(): Promise<void> {
    const folders = this.index.folders;
    const share = Math.ceil(folders.length / ticksPerRound);
    const from = (this.round % ticksPerRound) * share;
    this.round++;
    for (const folder of folders.slice(from, from + share)) await this.index.refresh(folder, { thorough: true });
  }

  /** Watches the places and the running runs, as many as the system lets us. */
  private rewatch(): void {
    const wanted = new Set([...this.index.running, ...this.index.places].slice(0, watchersKept));
    for (const [folder, watcher] of this.watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.watchers.delete(folder);
    }
    for (const folder of wanted) if (!this.watchers.has(folder)) this.watchFolder(folder);
  }

  private watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        this.notice();
      });
      watcher.on('error', () => {
        // The folder is gone, or the system has no more watches to give: the poll goes on.
        watcher.close();
        this.watchers.delete(folder);
      });
      this.watchers.set(folder, watcher);
    } catch {
      // As above.
    }
  }
}
