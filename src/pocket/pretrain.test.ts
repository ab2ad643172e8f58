import { describe, expect, it } from 'vitest';
import type { Engine, TrainingSequence } from '../engine/engine.ts';
import { createChatTemplate } from '../tokenizer/chatTemplate.ts';
import { createTokenizer } from '../tokenizer/tokenizer.ts';
import { createBpeEncoder, tokenizerJson, trainBpe } from './bpe.ts';
import { bosToken, chatTemplate, endToken, promptTokens, specialTokens, tokenizerConfig } from './chatFormat.ts';
import { initialTensors, pocketShape } from './config.ts';
import { answerWeighted, cosineRate, pretrain } from './pretrain.ts';

const bpe = trainBpe(['What is 2 + 3?', 'The answer is 5.'], { size: 300, specials: specialTokens, minimumCount: 1 });
const encode = createBpeEncoder(bpe);

describe('cosineRate', () => {
  it('rises over the warm-up and falls to zero', () => {
    const options = { steps: 110, warmupSteps: 10, learningRate: 2 };
    expect(cosineRate(5, options)).toBe(1);
    expect(cosineRate(10, options)).toBe(2);
    expect(cosineRate(60, options)).toBeCloseTo(1, 12);
    expect(cosineRate(110, options)).toBeCloseTo(0, 12);
  });
});

describe('answerWeighted', () => {
  it('weighs the answer and its end, and nothing before', () => {
    const prompt = [{ role: 'user', content: 'What is 2 + 3?' }] as const;
    const { tokens, weights } = answerWeighted(
      { skill: 'x', prompt: [...prompt], completion: 'The answer is 5.' },
      encode,
    );
    const answer = [...encode('The answer is 5.'), specialTokens.indexOf(endToken)];
    expect(tokens.slice(-answer.length)).toEqual(answer);
    expect(weights.slice(-answer.length)).toEqual(answer.map(() => 1));
    expect(weights.slice(0, -answer.length).every((weight) => weight === 0)).toBe(true);
    expect(weights).toHaveLength(tokens.length);
  });
});

describe('promptTokens', () => {
  it('writes what the chat template renders', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What is 2 + 3?' },
    ] as const;
    const tokenizer = createTokenizer(tokenizerJson(bpe, bosToken), tokenizerConfig(pocketShape.contextLength));
    const rendered = createChatTemplate(chatTemplate, { bos_token: bosToken }).render(messages, {
      addGenerationPrompt: true,
    });
    expect(tokenizer.encode(rendered).ids).toEqual(promptTokens(messages, encode));
  });
});

describe('pretrain', () => {
  it('feeds the same batches from the same seed and follows the schedule', async () => {
    const run = async (): Promise<{ batches: TrainingSequence[][]; rates: number[] }> => {
      const batches: TrainingSequence[][] = [];
      const rates: number[] = [];
      const engine = {
        forwardBackward: ({ sequences }: { sequences: TrainingSequence[] }) => {
          batches.push(sequences);
          return Promise.resolve({ lossSum: 6, weightSum: 3, tokens: 10 });
        },
        optimStep: ({ learningRate }: { learningRate: number }) => {
          rates.push(learningRate);
          return Promise.resolve({ gradNorm: 1, step: rates.length });
        },
      } as unknown as Engine;
      const losses: number[] = [];
      const onStep = ({ loss }: { loss: number }): void => void losses.push(loss);
      const options = { steps: 3, batchSize: 4, learningRate: 1, warmupSteps: 1, weightDecay: 0, seed: 0 };
      await pretrain({ ...options, engine, model: 1, encode, onStep });
      expect(losses).toEqual([2, 2, 2]);
      return { batches, rates };
    };
    const first = await run();
    expect(first.batches.map((batch) => batch.length)).toEqual([4, 4, 4]);
    expect(first.batches[0]).not.toEqual(first.batches[1]);
    expect(first.rates[0]).toBe(1);
    expect(first.rates[2]).toBeCloseTo(0, 12);
    expect(await run()).toEqual(first);
  });
});

describe('initialTensors', () => {
  it('have the stated deviations and depend on the seed alone', () => {
    const tensors = initialTensors(0);
    const deviation = (name: string): number => {
      const { data } = tensors.find((tensor) => tensor.name === name)!;
      return Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
    };
    expect(deviation('model.embed_tokens.weight')).toBeCloseTo(0.04, 3);
    expect(deviation('model.layers.0.self_attn.q_proj.weight')).toBeCloseTo(1 / Math.sqrt(pocketShape.hiddenSize), 2);
    expect(deviation('model.layers.0.self_attn.o_proj.weight')).toBeCloseTo(
      0.02 / Math.sqrt(2 * pocketShape.layers),
      3,
    );
    expect(deviation('model.norm.weight')).toBe(1);
    const bytes = (seed: number): Buffer[] => initialTensors(seed).map(({ data }) => Buffer.from(data.buffer));
    expect(Buffer.concat(bytes(0)).equals(Buffer.concat(bytes(0)))).toBe(true);
    expect(bytes(1)[0]!.equals(bytes(0)[0]!)).toBe(false);
    const parameters = tensors.reduce((sum, { data }) => sum + data.length, 0);
    expect(parameters).toBeLessThan(2e6);
  });
});
