// A toy text side and an engine with canned answers, for tests of everything that asks a model.
import type { TextSide } from '../data/textSide.ts';
import type { CallOptions, Engine, ModelInfo, SampleRequest, ScoreRequest } from '../engine/engine.ts';

export const START = 1;
export const END = 2;
const OFFSET = 10;

/** One token per UTF-16 unit; chat turns are rendered as "role:content|". */
export function toyTextSide(changes: Partial<TextSide> = {}): TextSide {
  return {
    folder: 'toy',
    tokenizer: {
      hash: 'tokenizer',
      vocabularySize: 1000,
      bosId: START,
      eosId: END,
      padId: 0,
      leastTokens: () => 0,
      encode: (text) => ({
        ids: [...text].map((char) => char.charCodeAt(0) + OFFSET),
        starts: [...text].map((_, index) => index),
        ends: [...text].map((_, index) => index + 1),
      }),
      decode: (ids) => textOf(ids),
      tokenText: (id) => textOf([id]),
      tokenId: () => undefined,
    },
    template: {
      hash: 'template',
      render: (messages, { addGenerationPrompt }) =>
        messages.map(({ role, content }) => `${role}:${content}|`).join('') + (addGenerationPrompt ? 'assistant:' : ''),
    },
    stopIds: [END],
    startIds: [START],
    contextLength: 100,
    ...changes,
  };
}

export function textOf(ids: readonly number[]): string {
  return ids
    .filter((id) => id >= OFFSET)
    .map((id) => String.fromCharCode(id - OFFSET))
    .join('');
}

export const toyModel: ModelInfo = {
  id: 7,
  architecture: 'llama',
  parameters: 1,
  trainableParameters: 0,
  layers: 1,
  vocabularySize: 1000,
  contextLength: 100,
  device: 'cpu',
  deviceReason: 'test',
  threads: 1,
  weightsHash: 'weights',
};

export interface CannedEngine extends Engine {
  sampled: SampleRequest[];
  scored: ScoreRequest[];
}

/** Answers each prompt text through `reply`, and scores each token id through `logprob`. Other verbs reject. */
export function cannedEngine(canned: {
  reply?: (prompt: string) => { text: string; finish?: 'stop' | 'length' | 'context' };
  logprob?: (id: number) => number;
}): CannedEngine {
  const side = toyTextSide();
  const absent = (): Promise<never> => Promise.reject(new Error('not canned'));
  const sampled: SampleRequest[] = [];
  const scored: ScoreRequest[] = [];
  return {
    sampled,
    scored,
    async sample(request, options: CallOptions = {}) {
      options.signal?.throwIfAborted();
      sampled.push(request);
      const completions = request.prompts.map((prompt) => {
        const { text, finish = 'stop' } = canned.reply?.(textOf(prompt)) ?? { text: '' };
        const { ids } = side.tokenizer.encode(text);
        return { tokens: ids, logprobs: ids.map(() => -1), finish };
      });
      const tokens = completions.reduce((sum, completion) => sum + completion.tokens.length, 0);
      options.onProgress?.({ done: completions.length, total: completions.length, tokens });
      return Promise.resolve(completions);
    },
    async score(request, options: CallOptions = {}) {
      options.signal?.throwIfAborted();
      scored.push(request);
      return Promise.resolve(
        request.sequences.map((sequence, index) => {
          const logprobs = sequence.slice(request.from?.[index] ?? 1).map((id) => canned.logprob?.(id) ?? -1);
          const { candidates } = request;
          const asked = candidates && logprobs.map(() => candidates.map((id) => canned.logprob?.(id) ?? -1));
          const more = asked ? { candidateLogprobs: asked } : {};
          return { logprobs, greedy: logprobs.map(() => false), ...more };
        }),
      );
    },
    load: absent,
    forwardBackward: absent,
    optimStep: absent,
    save: absent,
    restore: absent,
    dispose: absent,
  };
}
