// How hard a token was to predict, in five steps: one scale for the report, the editor and the panels.

/**
 * Five steps of token difficulty by the probability p that the model gave the token: 0 p >= .9, 1 p >= .4, 2 p >= .1,
 * 3 p >= .01, 4 below. The step at .4 is where selective token masking (perplexity 2.5) begins to mask.
 */
export type DifficultyBin = 0 | 1 | 2 | 3 | 4;

/** Lower edges of bins 0 to 3. */
export const difficultyEdges = [0.9, 0.4, 0.1, 0.01] as const;

export function difficultyBin(logprob: number): DifficultyBin {
  const p = Math.exp(logprob);
  if (p >= difficultyEdges[0]) return 0;
  if (p >= difficultyEdges[1]) return 1;
  if (p >= difficultyEdges[2]) return 2;
  return p >= difficultyEdges[3] ? 3 : 4;
}
