// Seeded randomness for data order, sampling seeds and control masks. Every stream is named by numbers, never by the
// order of calls, so that a resumed run draws what the uninterrupted one would have drawn.

/** Mixes integers into one 32-bit seed; different lists give unrelated seeds (murmur3 finaliser per word). */
export function mixSeed(...words: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const word of words) {
    hash = finalise((hash ^ Math.imul(word >>> 0, 0xcc9e2d51)) >>> 0);
    hash = finalise((hash + Math.floor(word / 0x100000000) + 0x7f4a7c15) >>> 0);
  }
  return hash >>> 0;
}

function finalise(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A generator of numbers in [0, 1) (mulberry32). */
export function randomStream(...words: readonly number[]): () => number {
  let state = mixSeed(...words);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

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
