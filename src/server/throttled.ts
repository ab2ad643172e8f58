// Tells others about changes, but not about every single one.

/** Between two calls, in milliseconds. */
const restMs = 250;

/** Calls `action` soon after it was asked to, at most four times a second; the last request is never lost. */
export function throttled(action: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let last = -Infinity;
  return () => {
    if (timer) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        last = performance.now();
        action();
      },
      Math.max(0, last + restMs - performance.now()),
    );
    timer.unref();
  };
}
