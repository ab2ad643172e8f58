// Long work in slices: a loop awaits the pause between two pieces, and the process answers others in between.

/** Longest time a slice may take before others get their turn, in milliseconds. */
const sliceMs = 8;

/** A function to await between pieces of work; it returns at once while the slice is young. */
export function slices(): () => Promise<void> | undefined {
  let begunAt = performance.now();
  return () => {
    if (performance.now() - begunAt < sliceMs) return undefined;
    return nextTurn().then(() => {
      begunAt = performance.now();
    });
  };
}

/** Waits until everything else that is due has had its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
