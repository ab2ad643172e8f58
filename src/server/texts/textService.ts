// What the texts thread is asked. Vocabularies take a second to read and template and tokenizer as long as they like, so none
// of it is done in the thread that answers editors.
import { coderOf } from '../../data/textCoder.ts';
import type { EncodedExample } from '../../data/encode.ts';
import { factsOf, type TextFacts, type TextSide } from '../../data/textSide.ts';
import { encodeScorable, noToken, type ScorablePart } from '../../recipes/scoreRows.ts';
import type { Example, Message } from '../../shared/dataset.ts';
import { errorLine, LabError } from '../../shared/errors.ts';
import type { Words } from '../../shared/phrase.ts';
import type { Answers } from '../threads/desk.ts';
import { TextSides, type TextModel } from './textSides.ts';

/** A row as tokens, `texts` for display of those that are trained on; or why it has none. */
export type EncodedRow =
  (ScorablePart & { texts: string[] }) | { reason: 'too-long' | 'no-token' } | { refused: Words };

interface Ask {
  model: TextModel;
}

export type TextService = {
  facts: { ask: Ask; answer: TextFacts };
  rows: { ask: Ask & { examples: Example[] }; answer: EncodedRow[] };
  tokenTexts: { ask: Ask & { ids: readonly number[] }; answer: string[] };
  prompts: { ask: Ask & { prompts: readonly (Message[] | string)[] }; answer: number[][] };
  examples: { ask: Ask & { examples: Example[] }; answer: (EncodedExample | { tooLong: number })[] };
  decode: { ask: Ask & { sequences: readonly (readonly number[])[] }; answer: string[] };
};

/** The answers, with the vocabularies that were used last in memory. */
export function textAnswers(): Answers<TextService> {
  const sides = new TextSides();
  return {
    facts: async ({ model }) => factsOf(await sides.get(model)),
    rows: async ({ model, examples }) => {
      const side = await sides.get(model);
      return examples.map((example) => encodeRow(side, example));
    },
    tokenTexts: async ({ model, ids }) => {
      const { tokenizer } = await sides.get(model);
      return ids.map((id) => tokenizer.tokenText(id));
    },
    prompts: async ({ model, prompts }) => coderOf(await sides.get(model)).encodePrompts(prompts),
    examples: async ({ model, examples }) => coderOf(await sides.get(model)).encodeExamples(examples),
    decode: async ({ model, sequences }) => coderOf(await sides.get(model)).decode(sequences),
  };
}

/** A template that refuses this one row does not stop the others. */
function encodeRow(side: TextSide, example: Example): EncodedRow {
  try {
    const part = encodeScorable(side, example);
    if ('reason' in part) return { reason: part.reason === noToken ? 'no-token' : 'too-long' };
    return { ...part, texts: part.tokens.slice(part.from).map((id) => side.tokenizer.tokenText(id)) };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    // The words without the place, which rows of the same content do not share.
    return { refused: errorLine(error.cause instanceof LabError ? error.cause : error) };
  }
}
