// How long the thread of a test was busy without a break. Test helper, not part of the product.
/** Samples how late a timer of one millisecond comes, until stopped; gives the worst in milliseconds. */
export function watchDelay(): () => number {
  let worst = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - 1);
    last = now;
  }, 1);
  return () => {
    worst = Math.max(worst, performance.now() - last - 1);
    clearInterval(timer);
    return worst;
  };
}
