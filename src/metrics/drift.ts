// How far a model has moved from its base: in its predictions, without labels (methods 5.4), and in its weights (5.11).
// Weight norms do not determine forgetting; they are shown beside it, never instead of it.

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

export interface WeightDrift {
  /** ||theta - theta0||_2. */
  l2: number;
  /** l2 / ||theta0||_2; 0 when both are zero. */
  relative: number;
  /** Share of weights that changed by more than 1e-5 of their own size. */
  changedShare: number;
  parameters: number;
}

/** Weight drift over tensors added one by one (methods 5.11), with sums in double precision (pitfall 14). */
export class WeightDriftAccumulator {
  private squares = 0;
  private baseSquares = 0;
  private changed = 0;
  private parameters = 0;

  add(base: Float32Array, tuned: Float32Array): void {
    if (base.length !== tuned.length) {
      throw new RangeError(`tensors differ in size: ${base.length} and ${tuned.length} weights`);
    }
    for (let k = 0; k < base.length; k++) {
      const from = base[k]!;
      const delta = tuned[k]! - from;
      this.squares += delta * delta;
      this.baseSquares += from * from;
      if (Math.abs(delta) > 1e-5 * Math.abs(from)) this.changed += 1;
    }
    this.parameters += base.length;
  }

  finish(): WeightDrift {
    const l2 = Math.sqrt(this.squares);
    return {
      l2,
      relative: l2 === 0 ? 0 : l2 / Math.sqrt(this.baseSquares),
      changedShare: this.parameters === 0 ? 0 : this.changed / this.parameters,
      parameters: this.parameters,
    };
  }
}

/** Drift of one pair of tensors. */
export function weightDrift(base: Float32Array, tuned: Float32Array): WeightDrift {
  const accumulator = new WeightDriftAccumulator();
  accumulator.add(base, tuned);
  return accumulator.finish();
}

/** Cosine of two weight differences (task vectors); 0 when one of them is zero. */
export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new RangeError(`vectors differ in size: ${a.length} and ${b.length}`);
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let k = 0; k < a.length; k++) {
    dot += a[k]! * b[k]!;
    aa += a[k]! * a[k]!;
    bb += b[k]! * b[k]!;
  }
  return aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb);
}
