// Rephrase: the base model rewrites the ground truth in its own words (methods 2.3, arXiv 2402.13669; the dropping
// variant arXiv 2501.14315). The three parts go into one user turn. Training uses the prompt without the reference.
import type { Example, Message } from '../../shared/dataset.ts';
import type { Targets } from '../../shared/experiment.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Phrase } from '../../shared/phrase.ts';
import { hashSeed } from '../../shared/random.ts';
import { answerOf, dropped, hasPrompt, inGroups, answersTogether, withAnswer } from './recipe.ts';
import type { AnsweredExample, RecipeContext, TargetEvent } from './recipe.ts';

type Choice = Extract<Targets, { kind: 'rephrase' }>;

/** Used when the experiment gives no instruction of its own. */
export const defaultInstruction =
  'Below are an instruction and a reference answer. Refer to the reference answer and write your own response to the instruction.';

/** Phrases that show that the model talks about the task of rewriting (methods 2.3, step 3). */
const leakPhrases = ['reference answer', 'your response', 'my response', 'your own response', "now it's your turn"];

/** Asks the base for a rewrite of every answer and keeps those that do not leak and that the verifier accepts. */
export async function* rephrase(
  examples: AsyncIterable<Example>,
  choice: Choice,
  context: RecipeContext,
): AsyncGenerator<TargetEvent> {
  for await (const group of inGroups(examples, answersTogether)) {
    const rewrites = await rewrite(group.filter(hasPrompt), choice, context);
    for (const example of group) {
      const result = hasPrompt(example) ? rewrites.get(example) : undefined;
      if (!hasPrompt(example) || !result) yield { kind: 'target', example };
      else if (result.kind === 'text') yield { kind: 'target', example: withAnswer(example, result.text, 'rephrase') };
      else if (choice.fallback === 'ground-truth') yield { kind: 'target', example };
      else yield dropped(example, result.reason);
    }
  }
}

type Rewrite = { kind: 'text'; text: string } | { kind: 'rejected'; reason: Phrase };

async function rewrite(
  examples: readonly AnsweredExample[],
  choice: Choice,
  context: RecipeContext,
): Promise<Map<AnsweredExample, Rewrite>> {
  if (examples.length === 0) return new Map();
  const { texts } = context;
  const completions = await context.engine.sample(
    {
      model: context.model,
      prompts: await texts.encodePrompts(examples.map((example) => rewritePrompt(example, choice.instruction))),
      seeds: examples.map((example) => hashSeed('rephrase', context.seed, example.source.line)),
      maxTokens: choice.maxTokens ?? context.maxTokens,
      temperature: choice.temperature,
      topP: choice.topP,
      stopIds: texts.facts.stopIds,
    },
    context.signal ? { signal: context.signal } : {},
  );
  context.onGenerated?.(completions.reduce((sum, completion) => sum + completion.tokens.length, 0));
  const answers = await texts.decode(completions.map(({ tokens }) => tokens));
  return new Map(
    examples.map((example, index) => {
      const finish = completions[index]?.finish ?? 'length';
      return [example, judge(answers[index] ?? '', finish, example, context)];
    }),
  );
}

function judge(text: string, finish: 'stop' | 'length' | 'context', example: Example, context: RecipeContext): Rewrite {
  const reject = (reason: Phrase): Rewrite => ({ kind: 'rejected', reason });
  if (finish !== 'stop') return reject(phrase('rewrite did not end'));
  if (text.trim() === '') return reject(phrase('empty rewrite'));
  const lower = text.toLowerCase();
  if (leakPhrases.some((leak) => lower.includes(leak)) || text.trimStart().startsWith('Your turn')) {
    return reject(phrase('rewrite talks about the rewriting'));
  }
  if (context.verify && !context.verify(text, example, finish))
    return reject(phrase('rewrite rejected by the verifier'));
  return { kind: 'text', text };
}

/**
 * The prompt with instruction, question and reference in its last user turn. An instruction with the placeholders
 * `{question}` and `{reference}` is the whole turn.
 */
export function rewritePrompt(example: AnsweredExample, instruction: string | undefined): Message[] | string {
  const { prompt } = example.body;
  if (typeof prompt === 'string') return fill(prompt, answerOf(example), instruction);
  const last = prompt.findLastIndex((message) => message.role === 'user');
  return prompt.map((message, index) =>
    index === last ? { ...message, content: fill(message.content, answerOf(example), instruction) } : message,
  );
}

function fill(question: string, reference: string, instruction: string = defaultInstruction): string {
  if (instruction.includes('{question}') || instruction.includes('{reference}')) {
    // A replacer function keeps `$&` and the like in the texts as they are.
    return instruction.replace(/\{(question|reference)\}/g, (_, name) => (name === 'question' ? question : reference));
  }
  return `${instruction}\n\n### Instruction:\n${question}\n\n### Reference Answer:\n${reference}\n\n### Response:\n`;
}
