// A bar on stderr for long work: how much is done, how fast, how long it will take. Silent when stderr is not a terminal.

export interface Progress {
  /** `done` of `total` (0: unknown) pieces; `detail` stands behind the bar. */
  readonly update: (done: number, total: number, detail?: string) => void;
  /** Takes the bar away. */
  readonly end: () => void;
}

const redrawMs = 100;
const barWidth = 24;

/** A bar with a title, in a unit such as "rows". */
export function createProgress(title: string, unit: string): Progress {
  if (process.stderr.isTTY !== true) return { update: () => undefined, end: () => undefined };
  const startedAt = performance.now();
  let drawnAt = 0;
  return {
    update: (done, total, detail = '') => {
      const now = performance.now();
      if (now - drawnAt < redrawMs) return;
      drawnAt = now;
      const line = formatProgress(title, unit, { done, total, seconds: (now - startedAt) / 1000, detail });
      process.stderr.write(`\r\x1b[2K${line.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1))}`);
    },
    end: () => {
      if (drawnAt > 0) process.stderr.write('\r\x1b[2K');
    },
  };
}

/** One line: title, bar, count, rate, time left. */
export function formatProgress(
  title: string,
  unit: string,
  state: { done: number; total: number; seconds: number; detail?: string },
): string {
  const { done, total, seconds, detail } = state;
  const rate = seconds > 0 ? done / seconds : 0;
  const count = total > 0 ? `${done}/${total} ${unit}` : `${done} ${unit}`;
  const left = total > 0 && rate > 0 ? `, ${formatSeconds((total - done) / rate)} left` : '';
  const bar = total > 0 ? `${drawBar(done / total)} ` : '';
  return `${title} ${bar}${count}, ${formatRate(rate)} ${unit}/s${left}${detail ? `  ${detail}` : ''}`;
}

/** A bar of fixed width for a share of 0..1. */
export function drawBar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * barWidth);
  return '█'.repeat(full) + '░'.repeat(barWidth - full);
}

function formatRate(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toPrecision(2);
}

/** 7 s, 3 min 20 s, 2 h 5 min. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
