// Shuffling. Every stream of random numbers is named by words (`hashSeed`), never by the order of calls, so that a
// resumed run draws what the uninterrupted one would have drawn.

/** A uniform permutation of 0..count-1 (Fisher-Yates). */
export function permutation(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const kept = order[last] as number;
    order[last] = order[other] as number;
    order[other] = kept;
  }
  return order;
}
