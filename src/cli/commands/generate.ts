// `generate`: what a model answers.
import type { Command } from 'commander';
import { encodePrompt } from '../../data/encode.ts';
import { cutAtStop, encodeStops } from '../../data/stopStrings.ts';
import { hashSeed } from '../../shared/random.ts';
import { createCommand, onAction, withModelOptions, withSamplingOptions } from '../command.ts';
import type { Exit } from '../command.ts';
import { withModel } from '../../lab/openModel.ts';
import { wholeNumber } from '../numbers.ts';
import type { ModelOptions } from '../../lab/openModel.ts';

interface Options extends ModelOptions {
  prompt: string;
  raw?: boolean;
  samples: number;
  temperature: number;
  topP: number;
  topK?: number;
  maxTokens: number;
  seed: number;
  stop: string[];
}

export function generateCommand(exit: Exit): Command {
  const command = withSamplingOptions(
    withModelOptions(
      createCommand('generate', 'The answer of a model to a prompt', [
        'generate --model pocket --prompt "What is 45 - 23?"',
        'generate --model pocket --prompt "Sort: 3 1 2" --temperature 0.7 --samples 4 --json',
      ]),
    ).requiredOption('--prompt <text>', 'a user turn; continued as raw text by models without a chat template'),
    { temperature: 0, maxTokens: 128 },
  )
    .option('--top-k <k>', 'sample from the k most probable tokens', wholeNumber('--top-k', 1))
    .option('--samples <n>', 'number of answers', wholeNumber('--samples', 1), 1)
    .option('--stop <text...>', 'end an answer where one of these texts begins', [])
    .option('--raw', 'continue the prompt as raw text, without the chat template');
  return onAction<[], Options>(command, exit, (_, options, output) =>
    withModel(options, async ({ engine, info, side }) => {
      const prompt = options.raw
        ? [...side.startIds, ...side.tokenizer.encode(options.prompt).ids]
        : encodePrompt(side, options.prompt);
      const completions = await engine.sample({
        model: info.id,
        prompts: Array.from({ length: options.samples }, () => prompt),
        // The first sample has the seed itself, so that it does not depend on how many there are.
        seeds: Array.from({ length: options.samples }, (_, n) => (n === 0 ? options.seed : hashSeed(options.seed, n))),
        maxTokens: options.maxTokens,
        temperature: options.temperature,
        topP: options.topP,
        ...(options.topK === undefined ? {} : { topK: options.topK }),
        stopIds: side.stopIds,
        stopSequences: encodeStops(side, options.stop),
      });
      for (const completion of completions) {
        const { text, tokens: kept, stopped } = cutAtStop(side, completion.tokens, options.stop);
        const [tokens, logprobs] = [completion.tokens.slice(0, kept), completion.logprobs.slice(0, kept)];
        const finish = stopped ? 'stop' : completion.finish;
        await output.value({ kind: 'completion', text, tokens, logprobs, finish });
        await output.text(text);
        if (finish !== 'stop') output.note(`(ended by ${finish === 'length' ? '--max-tokens' : 'the context length'})`);
      }
      return 0;
    }),
  );
}
