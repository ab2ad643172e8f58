// Pre-training of the pocket model: the corpus stream, one visible loop over the Engine's verbs.
import type { Engine, TrainingSequence } from '../engine/engine.ts';
import { promptTokens, specialTokens, endToken } from './chatFormat.ts';
import { corpusExample, type CorpusExample } from './corpus.ts';

export interface PretrainOptions {
  engine: Engine;
  /** Id of the untrained model, loaded with a trainable set. */
  model: number;
  encode: (text: string) => number[];
  seed: number;
  steps: number;
  /** Examples per optimizer step. */
  batchSize: number;
  /** Highest learning rate, reached after the warm-up and lowered to zero along a cosine. */
  learningRate: number;
  warmupSteps: number;
  weightDecay: number;
  onStep: (progress: PretrainProgress) => void | Promise<void>;
}

export interface PretrainProgress {
  /** 1-based. */
  step: number;
  /** Mean over the answer tokens of the step, nats. */
  loss: number;
  gradNorm: number;
  learningRate: number;
  /** Tokens so far, prompts included. */
  tokens: number;
  seconds: number;
}

/** Trains for the given number of steps. Each batch depends on seed and step alone. */
export async function pretrain(options: PretrainOptions): Promise<void> {
  const { engine, model, batchSize, steps } = options;
  const startedAt = performance.now();
  let tokens = 0;
  for (let step = 1; step <= steps; step++) {
    const sequences = Array.from({ length: batchSize }, (_, index) =>
      answerWeighted(corpusExample(options.seed, (step - 1) * batchSize + index), options.encode),
    );
    const result = await engine.forwardBackward({ model, sequences });
    const learningRate = cosineRate(step, options);
    const { gradNorm } = await engine.optimStep({
      model,
      learningRate,
      beta2: 0.98,
      weightDecay: options.weightDecay,
      maxGradNorm: 1,
    });
    tokens += result.tokens;
    const seconds = (performance.now() - startedAt) / 1000;
    await options.onStep({ step, loss: result.lossSum / result.weightSum, gradNorm, learningRate, tokens, seconds });
  }
}

/** The example as tokens, with weight one on the answer and its end, and zero on the prompt. */
export function answerWeighted(example: CorpusExample, encode: (text: string) => number[]): TrainingSequence {
  const prompt = promptTokens(example.prompt, encode);
  const answer = [...encode(example.completion), specialTokens.indexOf(endToken)];
  return {
    tokens: [...prompt, ...answer],
    weights: [...prompt.map(() => 0), ...answer.map(() => 1)],
  };
}

/** Linear rise over the warm-up, then half a cosine down to zero at the last step. */
export function cosineRate(
  step: number,
  { steps, warmupSteps, learningRate }: Pick<PretrainOptions, 'steps' | 'warmupSteps' | 'learningRate'>,
): number {
  if (step <= warmupSteps) return (learningRate * step) / warmupSteps;
  return learningRate * 0.5 * (1 + Math.cos((Math.PI * (step - warmupSteps)) / Math.max(1, steps - warmupSteps)));
}
