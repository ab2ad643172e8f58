// The dataset's own answers (methods 2.1), or those of another column of it.
import type { Example } from '../../shared/dataset.ts';
import { phrase } from '../../shared/phrase.ts';
import { dropped, hasPrompt, withAnswer } from './recipe.ts';
import type { TargetEvent } from './recipe.ts';

/** Every row as it is. */
export async function* groundTruth(examples: AsyncIterable<Example>): AsyncGenerator<TargetEvent> {
  for await (const example of examples) yield { kind: 'target', example };
}

/** The answer comes from the column `field`; rows without it are dropped. */
export async function* column(examples: AsyncIterable<Example>, field: string): AsyncGenerator<TargetEvent> {
  for await (const example of examples) {
    const answer = Object.hasOwn(example.fields, field) ? example.fields[field] : undefined;
    if (!hasPrompt(example)) yield { kind: 'target', example };
    else if (typeof answer !== 'string' || answer === '')
      yield dropped(example, phrase('no text in column "{0}"', field));
    else yield { kind: 'target', example: withAnswer(example, answer, field === 'native' ? 'native' : 'other_model') };
  }
}
