// The textual sides of the models that were used last. Checkpoints of a base share its vocabulary.
import { createHash } from 'node:crypto';
import { encodingVersion } from '../../data/encode.ts';
import { loadTextSide, type TextFacts, type TextSide } from '../../data/textSide.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';

/** A model folder as it was at one moment; `hash` is that of its facts, once they are known. */
export interface TextModel {
  folder: string;
  stamp: string;
  hash?: string;
}

/** Names everything on which tokens and their places depend, the weights aside. */
export function hashOfFacts({ tokenizer, template, contextLength, startIds, stopIds }: TextFacts): string {
  const words = [tokenizer.hash, template?.hash ?? 'none', contextLength, startIds, stopIds, tokenizer.eosId ?? -1];
  return createHash('sha256')
    .update(JSON.stringify([...words, encodingVersion]))
    .digest('hex');
}

/** A large vocabulary takes a hundred megabytes. */
const mostSides = 4;

export class TextSides {
  private readonly sides = new Map<string, Promise<TextSide>>();
  /** By content; they go with the last model that uses them. */
  private readonly tokenizers = new Map<string, WeakRef<Tokenizer>>();

  /** Reads what is not in memory. Rejects when the folder no longer holds what `model` says. */
  async get(model: TextModel): Promise<TextSide> {
    const { folder, stamp, hash } = model;
    const key = JSON.stringify([folder, stamp]);
    const side = this.sides.get(key) ?? loadTextSide(folder, this.share);
    // The last one is the one used last.
    this.sides.delete(key);
    this.sides.set(key, side);
    for (const oldest of [...this.sides.keys()].slice(0, -mostSides)) this.sides.delete(oldest);
    try {
      const loaded = await side;
      if (hash !== undefined && hashOfFacts(loaded) !== hash) throw changedMeanwhile(folder);
      return loaded;
    } catch (error) {
      // A failure is not kept: the folder may be complete at the next attempt.
      if (this.sides.get(key) === side) this.sides.delete(key);
      throw error;
    }
  }

  private readonly share = (content: string, make: () => Tokenizer): Tokenizer => {
    const key = createHash('sha256').update(content).digest('hex');
    const there = this.tokenizers.get(key)?.deref();
    if (there) return there;
    for (const [old, kept] of this.tokenizers) if (!kept.deref()) this.tokenizers.delete(old);
    const made = make();
    this.tokenizers.set(key, new WeakRef(made));
    return made;
  };
}

/** A model is only ever used as the one that it was opened as. */
export function changedMeanwhile(folder: string): LabError {
  return new LabError('model-invalid', phrase('The model folder {0} has changed while it was being read', folder), {
    remedy: phrase('Wait until it is complete, and try again'),
  });
}
