// The one seeded random generator: xoshiro128** (Blackman and Vigna, 2018), seeded through splitmix32, so that equal seeds
// give equal numbers on every machine. Not for cryptography.

/** A generator of uniform numbers in [0, 1) with 53 random bits each. Any finite number is a valid seed. */
export function createRandom(seed: number): () => number {
  const state = seedState(seed);
  const next = (): number => nextUint32(state);
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

/**
 * A seed in [0, 2^53) that depends on every part and on their order (cyrb53 over the JSON text of the list, so that
 * ('a', 'b') and ('ab') differ). Derives independent seeds for epochs, items and samples from one experiment seed.
 */
export function hashSeed(...parts: (string | number)[]): number {
  const text = JSON.stringify(parts);
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 2 ** 32 * (b & 0x1fffff) + (a >>> 0);
}

/** One step of xoshiro128**; changes the four 32-bit words of `state`. Exported for its test against the reference. */
export function nextUint32(state: Uint32Array): number {
  const [s0, s1, s2, s3] = state as unknown as [number, number, number, number];
  const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
  const mixed = s2 ^ s0;
  state[1] = s1 ^ mixed;
  const last = s3 ^ s1;
  state[2] = mixed ^ (s1 << 9);
  state[0] = s0 ^ last;
  state[3] = rotateLeft(last, 11);
  return result;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Fills the state with splitmix32, starting from both halves of the seed's 64-bit float representation. */
function seedState(seed: number): Uint32Array {
  const halves = new Uint32Array(new Float64Array([seed]).buffer);
  const state = new Uint32Array(4);
  let word = Math.imul(halves[0] ?? 0, 0x85ebca6b) ^ (halves[1] ?? 0);
  for (let i = 0; i < 4; i++) {
    word = (word + 0x9e3779b9) | 0;
    let mixed = word ^ (word >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    state[i] = mixed ^ (mixed >>> 15);
  }
  return state;
}
