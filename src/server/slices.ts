// Long work in slices: a loop awaits the pause between two pieces, and the server answers others in between.

/** Longest time a slice may take before others get their turn, in milliseconds. */
const sliceMs = 8;

/** A function to await between pieces of work; it returns at once while the slice is young. */
export function slices(): () => Promise<void> | undefined {
  let begunAt = performance.now();
  return () => {
    if (performance.now() - begunAt < sliceMs) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        begunAt = performance.now();
        resolve();
      });
    });
  };
}
