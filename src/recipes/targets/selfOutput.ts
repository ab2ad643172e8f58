// Self-output: the base model's own verified answers (methods 2.2, arXiv 2501.14315). Differs from the released code in
// two defaults: the perplexity that selects is conditional on the prompt (`perplexityContext: none` scores the answer
// alone, as released), and every sample has a seed of its own, so results do not depend on batching.
import { meanNll } from '../../metrics/perplexity.ts';
import type { Example, ExampleBody } from '../../shared/dataset.ts';
import type { Targets } from '../../shared/experiment.ts';
import { phrase } from '../../shared/phrase.ts';
import { createRandom, hashSeed } from '../../shared/random.ts';
import { dropped, hasPrompt, inGroups, answersTogether, withAnswer } from './recipe.ts';
import type { AnsweredExample, RecipeContext, TargetEvent } from './recipe.ts';

type Choice = Extract<Targets, { kind: 'self-output' }>;

/** A sampled answer with how often it was drawn. */
interface Candidate {
  text: string;
  tokens: number;
}

/** Samples every prompt, verifies, and keeps one correct answer per row. */
export async function* selfOutput(
  examples: AsyncIterable<Example>,
  choice: Choice,
  context: RecipeContext,
): AsyncGenerator<TargetEvent> {
  for await (const group of inGroups(examples, Math.ceil(answersTogether / choice.samples))) {
    const answerable = group.filter(hasPrompt);
    const candidates = await sampleCorrect(answerable, choice, context);
    const chosen = await choose(answerable, candidates, choice, context);
    for (const example of group) {
      const answer = hasPrompt(example) ? chosen.get(example) : undefined;
      if (!hasPrompt(example)) yield { kind: 'target', example };
      else if (answer !== undefined) yield { kind: 'target', example: withAnswer(example, answer, 'self_output') };
      else if (choice.fallback === 'ground-truth') yield { kind: 'target', example };
      else yield dropped(example, phrase('no correct answer in {0} samples', choice.samples));
    }
  }
}

/** The distinct answers per row that the verifier accepts, in the order they were drawn. */
async function sampleCorrect(
  examples: readonly AnsweredExample[],
  choice: Choice,
  context: RecipeContext,
): Promise<Map<AnsweredExample, Candidate[]>> {
  const correct = new Map<AnsweredExample, Candidate[]>();
  if (examples.length === 0) return correct;
  const { engine, texts, verify } = context;
  const draws = examples.flatMap((example) =>
    Array.from({ length: choice.samples }, (_, sample) => ({ example, sample })),
  );
  const encoded = await texts.encodePrompts(examples.map((example) => example.body.prompt));
  const prompts = new Map(examples.map((example, index) => [example, encoded[index] as number[]]));
  const completions = await engine.sample(
    {
      model: context.model,
      prompts: draws.map(({ example }) => prompts.get(example) as number[]),
      seeds: draws.map(({ example, sample }) => hashSeed('self-output', context.seed, example.source.line, sample)),
      maxTokens: choice.maxTokens ?? context.maxTokens,
      temperature: choice.temperature,
      topP: choice.topP,
      stopIds: texts.facts.stopIds,
    },
    context.signal ? { signal: context.signal } : {},
  );
  context.onGenerated?.(completions.reduce((sum, completion) => sum + completion.tokens.length, 0));
  const answers = await texts.decode(completions.map(({ tokens }) => tokens));
  draws.forEach(({ example }, index) => {
    const completion = completions[index];
    if (!completion) return;
    const text = answers[index] as string;
    const seen = correct.get(example) ?? [];
    if (completion.finish !== 'stop' || text.trim() === '' || seen.some((other) => other.text === text)) return;
    if (verify && !verify(text, example, completion.finish)) return;
    correct.set(example, [...seen, { text, tokens: completion.tokens.length }]);
  });
  return correct;
}

/** Picks one answer per row; ties go to the earlier draw. */
async function choose(
  examples: readonly AnsweredExample[],
  candidates: Map<AnsweredExample, Candidate[]>,
  choice: Choice,
  context: RecipeContext,
): Promise<Map<AnsweredExample, string>> {
  const chosen = new Map<AnsweredExample, string>();
  const nlls =
    choice.select === 'lowest-perplexity' ? await candidateNlls(examples, candidates, choice, context) : new Map();
  for (const example of examples) {
    const texts = candidates.get(example) ?? [];
    if (texts.length === 0) continue;
    const random = createRandom(hashSeed('choose', context.seed, example.source.line));
    const cost = (candidate: Candidate): number =>
      choice.select === 'shortest-correct'
        ? candidate.tokens
        : ((nlls.get(candidate) as number | undefined) ?? Infinity);
    const best =
      choice.select === 'random-correct'
        ? texts[Math.floor(random() * texts.length)]
        : texts.reduce((least, candidate) => (cost(candidate) < cost(least) ? candidate : least));
    if (best) chosen.set(example, best.text);
  }
  return chosen;
}

/** Mean negative log probability of every candidate under the base, given the prompt or alone. */
async function candidateNlls(
  examples: readonly AnsweredExample[],
  candidates: Map<AnsweredExample, Candidate[]>,
  choice: Choice,
  context: RecipeContext,
): Promise<Map<Candidate, number>> {
  const bodyOf = (example: AnsweredExample, { text }: Candidate): ExampleBody =>
    choice.perplexityContext === 'prompt' ? withAnswer(example, text, 'self_output').body : { kind: 'text', text };
  const compared = examples.flatMap((example) => {
    const answers = candidates.get(example) ?? [];
    // A single candidate needs no comparison.
    if (answers.length < 2) return [];
    return answers.map((candidate) => ({ candidate, example: { ...example, body: bodyOf(example, candidate) } }));
  });
  const encoded = await context.texts.encodeExamples(compared.map(({ example }) => example));
  const scored = compared.flatMap(({ candidate }, index) => {
    const part = encoded[index];
    return part && !('tooLong' in part) && part.from < part.tokens.length ? [{ candidate, ...part }] : [];
  });
  const scores =
    scored.length === 0
      ? []
      : await context.engine.score(
          {
            model: context.model,
            sequences: scored.map((entry) => entry.tokens),
            from: scored.map((entry) => entry.from),
          },
          context.signal ? { signal: context.signal } : {},
        );
  return new Map(scored.map((entry, index) => [entry.candidate, meanNll(scores[index]?.logprobs ?? [])]));
}
