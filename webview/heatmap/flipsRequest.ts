/** The cell of a heatmap whose flipped answers are asked for. */
export interface FlipsRequest {
  run: string;
  arm: string;
  lr: number;
  seed: number;
  /** 1-based; 0 is the base, which has no flips. */
  stage: number;
  benchmark: string;
  /** The stage whose answers stand before; 0 is the base. */
  against: number;
}
