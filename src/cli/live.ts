// What a run looks like while it works: on a terminal one line that says what is going on, how fast, and how long it
// will still take; otherwise silence, except for warnings.
import { describeWork } from '../runs/plan.ts';
import type { Work } from '../runs/plan.ts';
import type { RunEvent } from '../runs/session.ts';
import { drawBar, formatSeconds } from './progress.ts';
import { createTimeLeft } from './timeLeft.ts';

export interface Live {
  readonly onEvent: (event: RunEvent) => void;
  /** Takes the line away and stops redrawing. */
  readonly end: () => void;
}

/** What the live line is made of. */
export class LiveState {
  private work: Work[] = [];
  private done: boolean[] = [];
  private stageNames: string[] = [];
  private current: { index: number; startedAt: number } | undefined;
  private share = 0;
  private detail = '';
  private readonly time = createTimeLeft();

  /** Takes an event at a time in seconds. */
  take(event: RunEvent, now: number): void {
    if (event.kind === 'plan') {
      this.work = event.work;
      this.done = [...event.done];
      this.stageNames = event.config.experiment.stages.map((stage) => stage.name);
    } else if (event.kind === 'work') this.takeWork(event, now);
    else if (event.kind === 'progress') this.takeProgress(event, now);
    else if (event.kind === 'metric') {
      const { step, steps } = event;
      this.share = step / steps;
      const rate = event['train/tokens_per_second'];
      this.detail = `step ${step}/${steps}  loss ${event['train/loss'].toFixed(3)}  ${rate} tokens/s`;
    }
  }

  private takeProgress(event: Extract<RunEvent, { kind: 'progress' }>, now: number): void {
    const { done, total, tokens } = event;
    const seconds = now - (this.current?.startedAt ?? now);
    this.share = total > 0 ? Math.min(1, done / total) : 0;
    this.detail = tokens > 0 && seconds > 0 ? `${Math.round(tokens / seconds)} tokens/s` : '';
  }

  private takeWork(event: Extract<RunEvent, { kind: 'work' }>, now: number): void {
    this.share = 0;
    this.detail = '';
    if (event.state === 'begin') {
      this.current = { index: event.index, startedAt: now };
      return;
    }
    const work = this.work[event.index];
    if (work && this.current) this.time.finished(work, now - this.current.startedAt);
    this.done[event.index] = true;
    this.current = undefined;
  }

  /** The line to show. */
  line(): string {
    const index = this.current?.index ?? -1;
    const current = this.work[index];
    if (!current) return '';
    const left = [current, ...this.work.filter((_, at) => at !== index && !this.done[at])];
    const seconds = this.time.estimate(left, this.share);
    const finished = this.done.filter(Boolean).length;
    const total = this.work.length;
    const bar = drawBar((finished + this.share) / Math.max(1, total));
    const title = describeWork(current, this.stageNames);
    return [`${bar} ${finished}/${total}`, title, this.detail, `${formatSeconds(seconds)} left`]
      .filter((part) => part !== '')
      .join('  ');
  }
}

const redrawMs = 100;

/** The live line on stderr, or only warnings and errors where stderr is no terminal. */
export function createLive(note: (line: string) => void): Live {
  const terminal = process.stderr.isTTY === true;
  const state = new LiveState();
  let shown = false;
  let drawnAt = 0;
  const clear = (): void => {
    if (shown) process.stderr.write('\r\x1b[2K');
    shown = false;
  };
  return {
    onEvent: (event) => {
      const now = performance.now();
      state.take(event, now / 1000);
      if (event.kind === 'log' && event.level !== 'info') {
        clear();
        note(`${event.level === 'error' ? 'Error' : 'Note'}: ${event.message}`);
      }
      if (!terminal || (now - drawnAt < redrawMs && event.kind !== 'work')) return;
      drawnAt = now;
      clear();
      process.stderr.write(state.line().slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1)));
      shown = true;
    },
    end: clear,
  };
}
