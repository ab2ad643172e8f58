// The order in which examples are visited: a function of the seed and the epoch alone, so that a resumed run continues
// with the same batches.
import { createRandom, hashSeed } from '../shared/random.ts';

/** A uniformly random permutation of 0..n-1 (Fisher and Yates, in Durstenfeld's form), its own for every epoch. */
export function epochOrder(n: number, seed: number, epoch: number): number[] {
  const random = createRandom(hashSeed('epoch-order', seed, epoch));
  const order = Array.from({ length: n }, (_, index) => index);
  for (let last = n - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1));
    [order[last], order[chosen]] = [order[chosen] as number, order[last] as number];
  }
  return order;
}
