// The nearest valid word for one that is not valid, for error messages.

/**
 * Levenshtein distance of two words or token sequences: the smallest number of insertions, deletions and substitutions of
 * single elements. Two rows of memory; time is the product of the lengths.
 */
export function editDistance(from: ArrayLike<string | number>, to: ArrayLike<string | number>): number {
  let previous = Uint32Array.from({ length: to.length + 1 }, (_, k) => k);
  let current = new Uint32Array(to.length + 1);
  for (let i = 1; i <= from.length; i++) {
    current[0] = i;
    for (let j = 1; j <= to.length; j++) {
      const replace = previous[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      current[j] = Math.min(replace, previous[j]! + 1, current[j - 1]! + 1);
    }
    [previous, current] = [current, previous];
  }
  return previous[to.length]!;
}

/** The candidate with the smallest edit distance, ignoring case; the first of equals, '' without candidates. */
export function nearest(word: string, candidates: readonly string[]): string {
  let best = '';
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}
