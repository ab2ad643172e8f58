// The texts of a model as its tokens and back, for code to which it is all the same in which thread the vocabulary lies.
import type { Example, Message } from '../shared/dataset.ts';
import { encodeExample, encodePrompt, type EncodedExample } from './encode.ts';
import type { TextFacts, TextSide } from './textSide.ts';

export interface TextCoder {
  readonly facts: TextFacts;
  /** As `encodePrompt`. */
  encodePrompts(prompts: readonly (Message[] | string)[]): Promise<number[][]>;
  /** As `encodeExample`. */
  encodeExamples(examples: readonly Example[]): Promise<(EncodedExample | { tooLong: number })[]>;
  /** As `Tokenizer.decode`: special tokens are left out. */
  decode(sequences: readonly (readonly number[])[]): Promise<string[]>;
}

/** A coder in this thread. */
export function coderOf(side: TextSide): TextCoder {
  return {
    facts: side,
    encodePrompts: async (prompts) => prompts.map((prompt) => encodePrompt(side, prompt)),
    encodeExamples: async (examples) => examples.map((example) => encodeExample(side, example)),
    decode: async (sequences) => sequences.map((ids) => side.tokenizer.decode(ids)),
  };
}
