// Follows the events of a run and says in numbers what is going on: shown as a live block in the terminal and as progress
// of a session in the editor.
import { describeWork, shareDone } from '../runs/plan.ts';
import type { Work } from '../runs/plan.ts';
import type { RunEvent } from '../runs/session.ts';
import type { Phrase } from '../shared/phrase.ts';
import type { CellRecord, RunConfig, TrialKey } from '../shared/records.ts';
import { createTimeLeft } from './timeLeft.ts';

/** How far a run is. */
export interface RunProgress {
  config: RunConfig;
  /** Cells measured so far. */
  cells: readonly CellRecord[];
  /** The piece of work in words. */
  activity: Phrase;
  /** Share of the piece of work that is done, 0..1. */
  share: number;
  /** Pieces of work. */
  done: number;
  total: number;
  /** Share of the planned work that is done, 0..1, as the summary of the run tells it. */
  overall: number;
  secondsLeft: number;
  step?: { index: number; count: number };
  loss?: number;
  tokensPerSecond?: number;
  stage?: { index: number; count: number; name: string };
  current?: TrialKey;
}

/** Takes events with their times and answers questions at any time. */
export class RunFollower {
  private config: RunConfig | undefined;
  private work: Work[] = [];
  private done: boolean[] = [];
  private readonly cells: CellRecord[] = [];
  private current: { index: number; startedAt: number } | undefined;
  private share = 0;
  private pace: Pick<RunProgress, 'step' | 'loss' | 'tokensPerSecond'> = {};
  private readonly time = createTimeLeft();

  /** Takes an event at a time in seconds. */
  take(event: RunEvent, now: number): void {
    if (event.kind === 'plan') {
      this.config = event.config;
      this.work = event.work;
      this.done = [...event.done];
      this.cells.push(...event.cells);
    } else if (event.kind === 'cell') this.cells.push(event);
    else if (event.kind === 'work') this.takeWork(event, now);
    else if (event.kind === 'progress') {
      const seconds = now - (this.current?.startedAt ?? now);
      this.share = event.total > 0 ? Math.min(1, event.done / event.total) : 0;
      this.pace = event.tokens > 0 && seconds > 0 ? { tokensPerSecond: event.tokens / seconds } : {};
    } else if (event.kind === 'metric') {
      this.share = event.step / event.steps;
      this.pace = {
        step: { index: event.step, count: event.steps },
        loss: event['train/loss'],
        tokensPerSecond: event['train/tokens_per_second'],
      };
    }
  }

  private takeWork(event: Extract<RunEvent, { kind: 'work' }>, now: number): void {
    this.share = 0;
    this.pace = {};
    if (event.state === 'begin') {
      this.current = { index: event.index, startedAt: now };
      return;
    }
    const work = this.work[event.index];
    if (work && this.current) this.time.finished(work, now - this.current.startedAt);
    this.done[event.index] = true;
    this.current = undefined;
  }

  /** Of the piece in progress only steps count: they are what stands in the run folder. */
  private doneOf(work: Work, index: number): number {
    if (this.done[index]) return 1;
    return work.kind === 'train' && index === this.current?.index ? this.share : 0;
  }

  /** How far it is; nothing before the plan is known and between pieces of work. */
  progress(): RunProgress | undefined {
    const { config, current } = this;
    const work = current && this.work[current.index];
    if (!config || !current || !work) return undefined;
    const left = [work, ...this.work.filter((_, at) => at !== current.index && !this.done[at])];
    const secondsLeft = this.time.estimate(left, this.share);
    const { stages } = config.experiment;
    const stage = stages[work.stage - 1];
    return {
      config,
      cells: this.cells,
      activity: describeWork(
        work,
        stages.map(({ name }) => name),
      ),
      share: this.share,
      done: this.done.filter(Boolean).length,
      total: this.work.length,
      overall: shareDone(this.work, (one, at) => this.doneOf(one, at)),
      secondsLeft,
      ...this.pace,
      ...(stage ? { stage: { index: work.stage, count: stages.length, name: stage.name }, current: work.key } : {}),
    };
  }
}
