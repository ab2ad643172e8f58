// What a run looks like while it works: on a terminal a block on stderr that says what is going on, how long it will
// still take, and the matrix filling in; otherwise silence, except for warnings.
import { sketchMatrix } from '../report/matrix.ts';
import { renderLive } from '../report/terminalLive.ts';
import type { LiveState } from '../report/terminalLive.ts';
import { terminalStyle } from '../report/terminalText.ts';
import { describeWork } from '../runs/plan.ts';
import type { Work } from '../runs/plan.ts';
import type { RunEvent } from '../runs/session.ts';
import type { CellRecord, RunConfig } from '../shared/records.ts';
import { createTimeLeft } from './timeLeft.ts';

export interface Live {
  readonly onEvent: (event: RunEvent) => void;
  /** Takes the block away and stops redrawing. */
  readonly end: () => void;
}

/** Follows the events of a run and says what to show. */
export class RunFollower {
  private config: RunConfig | undefined;
  private work: Work[] = [];
  private done: boolean[] = [];
  private readonly cells: CellRecord[] = [];
  private current: { index: number; startedAt: number } | undefined;
  private share = 0;
  private pace: Pick<LiveState, 'step' | 'loss' | 'tokensPerSecond'> = {};
  private spent = 0;
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
    if (work && this.current) {
      this.time.finished(work, now - this.current.startedAt);
      this.spent += now - this.current.startedAt;
    }
    this.done[event.index] = true;
    this.current = undefined;
  }

  /** What to show at a time in seconds; nothing before the plan is known and between pieces of work. */
  state(now: number): LiveState | undefined {
    const { config, current } = this;
    const work = current && this.work[current.index];
    if (!config || !current || !work) return undefined;
    const left = [work, ...this.work.filter((_, at) => at !== current.index && !this.done[at])];
    const secondsLeft = this.time.estimate(left, this.share);
    const spent = this.spent + now - current.startedAt;
    const { stages } = config.experiment;
    const stage = stages[work.stage - 1];
    return {
      config,
      view: sketchMatrix({ config, cells: this.cells }),
      activity: describeWork(
        work,
        stages.map(({ name }) => name),
      ),
      share: this.share,
      done: this.done.filter(Boolean).length,
      total: this.work.length,
      overall: spent / Math.max(spent + secondsLeft, 1e-9),
      secondsLeft,
      ...this.pace,
      ...(stage ? { stage: { index: work.stage, count: stages.length, name: stage.name }, current: work.key } : {}),
    };
  }
}

const redrawMs = 120;

/** The live block on stderr, or only warnings and errors where stderr is no terminal. */
export function createLive(note: (line: string) => void): Live {
  const terminal = process.stderr.isTTY === true;
  const follower = new RunFollower();
  let drawnLines = 0;
  let drawnAt = 0;
  const clear = (): void => {
    // Up to the first line of the block, then everything below is erased.
    if (drawnLines > 0) process.stderr.write(`\x1b[${drawnLines}A\r\x1b[0J`);
    drawnLines = 0;
  };
  const draw = (now: number): void => {
    const state = follower.state(now / 1000);
    if (!state) return;
    const style = terminalStyle(process.stderr, process.env);
    const lines = renderLive(state, { ...style, width: style.width - 1, height: (process.stderr.rows ?? 24) - 1 });
    clear();
    process.stderr.write(`${lines.join('\n')}\n`);
    drawnLines = lines.length;
    drawnAt = now;
  };
  return {
    onEvent: (event) => {
      const now = performance.now();
      follower.take(event, now / 1000);
      if (event.kind === 'log' && event.level !== 'info') {
        clear();
        note(`${event.level === 'error' ? 'Error' : 'Note'}: ${event.message}`);
      }
      if (terminal && (now - drawnAt >= redrawMs || event.kind === 'cell')) draw(now);
    },
    end: clear,
  };
}
