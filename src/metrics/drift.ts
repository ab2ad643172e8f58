// How far a model has moved from its base in its predictions, without labels (methods 5.4).

/** Per-position numbers between the base p0 and the tuned model p, natural logarithms. */
export interface Divergence {
  crossEntropy: ArrayLike<number>;
  baselineEntropy: ArrayLike<number>;
  hardCrossEntropy: ArrayLike<number>;
  agree: ArrayLike<boolean>;
}

/** Token means in nats; `agreement` a share. `kl` is crossEntropy - baselineEntropy = KL(p0 || p), 0 at the base. */
export interface PredictionDrift {
  crossEntropy: number;
  baselineEntropy: number;
  kl: number;
  hardCrossEntropy: number;
  agreement: number;
  tokens: number;
}

/** Token means of the cross-entropy to the base (2401.05605), sequence by sequence. */
export class PredictionDriftAccumulator {
  private crossEntropy = 0;
  private baselineEntropy = 0;
  private hardCrossEntropy = 0;
  private agreed = 0;
  private tokens = 0;

  add(divergence: Divergence): void {
    for (let k = 0; k < divergence.crossEntropy.length; k++) {
      this.crossEntropy += divergence.crossEntropy[k]!;
      this.baselineEntropy += divergence.baselineEntropy[k]!;
      this.hardCrossEntropy += divergence.hardCrossEntropy[k]!;
      this.agreed += divergence.agree[k] ? 1 : 0;
    }
    this.tokens += divergence.crossEntropy.length;
  }

  finish(): PredictionDrift {
    if (this.tokens === 0) throw new RangeError('drift needs at least one token');
    const { tokens } = this;
    return {
      crossEntropy: this.crossEntropy / tokens,
      baselineEntropy: this.baselineEntropy / tokens,
      kl: (this.crossEntropy - this.baselineEntropy) / tokens,
      hardCrossEntropy: this.hardCrossEntropy / tokens,
      agreement: this.agreed / tokens,
      tokens,
    };
  }
}
