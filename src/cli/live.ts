// What a run looks like while it works: on a terminal a block on stderr that says what is going on, how long it will
// still take, and the matrix filling in; otherwise silence, except for warnings.
import { RunFollower } from '../lab/runFollower.ts';
import { sketchMatrix } from '../report/matrix.ts';
import { renderLive } from '../report/terminalLive.ts';
import { terminalStyle } from '../report/terminalText.ts';
import type { RunEvent } from '../runs/session.ts';

export interface Live {
  readonly onEvent: (event: RunEvent) => void;
  /** Takes the block away and stops redrawing. */
  readonly end: () => void;
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
    const progress = follower.progress();
    if (!progress) return;
    const { cells, ...rest } = progress;
    const state = { ...rest, view: sketchMatrix({ config: progress.config, cells: [...cells] }) };
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
