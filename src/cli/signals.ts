// Ctrl-C: once means finish the step and save, twice means stop now. A third one ends the process on the spot.
import type { StopSignals } from '../runs/session.ts';

/**
 * Listens for SIGINT and SIGTERM. After `release` there is nothing left to stop: a signal then ends the process with the
 * code of an interrupted command, so that a late Ctrl-C does not look like a crash.
 */
export function stopOnSignals(say: (message: string) => void): StopSignals & { release: () => void } {
  const stop = new AbortController();
  const abort = new AbortController();
  let received = 0;
  let released = false;
  const onSignal = (): void => {
    received++;
    if (released) process.exit(130);
    if (received === 1) {
      say('Stopping: finishing the step in progress and saving. Press Ctrl-C again to stop now.');
      stop.abort();
    } else if (received === 2) {
      say('Stopping now; the steps since the last checkpoint are lost.');
      abort.abort();
    } else process.exit(130);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    stop: stop.signal,
    abort: abort.signal,
    release: () => {
      released = true;
    },
  };
}
