// The texts of one model as its tokens, for the lab server: everything is asked of the texts thread.
import type { EncodedExample } from '../../data/encode.ts';
import type { TextCoder } from '../../data/textCoder.ts';
import type { TextFacts } from '../../data/textSide.ts';
import type { Example, Message } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { ServerContext } from '../context.ts';
import type { Desk } from '../threads/desk.ts';
import { createDesk } from '../threads/threadDesk.ts';
import { textAnswers, type EncodedRow, type TextService } from './textService.ts';
import { hashOfFacts, type TextModel } from './textSides.ts';

export type { EncodedRow } from './textService.ts';

export type TextDesk = Desk<TextService>;

/** Vocabularies are given back after so long, and who has asked for the impossible is told after so long, milliseconds. */
const idleMs = 600_000;
const limitMs = 60_000;

export function createTextDesk(): TextDesk {
  return createDesk<TextService>('textThread', textAnswers(), { idleMs, limitMs });
}

const desks = new WeakMap<ServerContext, TextDesk>();

/** The one texts thread of a server. */
export function textDeskOf(server: ServerContext): TextDesk {
  const there = desks.get(server);
  if (there) return there;
  const desk = createTextDesk();
  desks.set(server, desk);
  server.onShutdown(() => desk.close());
  return desk;
}

export class ModelTexts implements TextCoder {
  readonly facts: TextFacts;
  /** Names everything on which tokens and their places depend. */
  readonly hash: string;
  private readonly desk: TextDesk;
  private readonly model: TextModel;

  private constructor(desk: TextDesk, model: TextModel, facts: TextFacts) {
    this.desk = desk;
    this.facts = facts;
    this.hash = hashOfFacts(facts);
    this.model = { ...model, hash: this.hash };
  }

  /** Reads the texts of a model folder. Throws what the command line says about folders that cannot be read. */
  static async open(desk: TextDesk, model: TextModel): Promise<ModelTexts> {
    return new ModelTexts(desk, model, await ask(desk, 'facts', { model }));
  }

  /** Rows for scoring. One that the template refuses says so and does not stop the others. */
  async encodeRows(examples: readonly Example[]): Promise<EncodedRow[]> {
    if (examples.length === 0) return [];
    return ask(this.desk, 'rows', { model: this.model, examples: withoutFields(examples) });
  }

  async encodeRow(example: Example): Promise<EncodedRow> {
    const [row] = await this.encodeRows([example]);
    return row as EncodedRow;
  }

  /** Tokens for display, by id. */
  async tokenTexts(ids: Iterable<number>): Promise<Map<number, string>> {
    const wanted = [...new Set(ids)];
    if (wanted.length === 0) return new Map();
    const texts = await ask(this.desk, 'tokenTexts', { model: this.model, ids: wanted });
    return new Map(wanted.map((id, index) => [id, texts[index] as string]));
  }

  encodePrompts(prompts: readonly (Message[] | string)[]): Promise<number[][]> {
    return ask(this.desk, 'prompts', { model: this.model, prompts });
  }

  encodeExamples(examples: readonly Example[]): Promise<(EncodedExample | { tooLong: number })[]> {
    return ask(this.desk, 'examples', { model: this.model, examples: withoutFields(examples) });
  }

  decode(sequences: readonly (readonly number[])[]): Promise<string[]> {
    return ask(this.desk, 'decode', { model: this.model, sequences });
  }
}

/** Columns that are not trained on stay where they are. */
const withoutFields = (examples: readonly Example[]): Example[] =>
  examples.map((example) => ({ ...example, fields: {} }));

async function ask<Kind extends keyof TextService>(
  desk: TextDesk,
  kind: Kind,
  request: TextService[Kind]['ask'],
): Promise<TextService[Kind]['answer']> {
  try {
    return await desk.ask(kind, request);
  } catch (error) {
    if (error instanceof LabError) throw error;
    const { folder } = request.model;
    const reason = error instanceof Error ? error.message : String(error);
    throw new LabError('tokenizer-invalid', phrase('No text could be read as tokens of {0}: {1}', folder, reason), {
      remedy: phrase('Try again; if it happens again, look into the tokenizer and the chat template of the model'),
      cause: error,
    });
  }
}
