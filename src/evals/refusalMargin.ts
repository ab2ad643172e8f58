// The first-token refusal margin of harmful prompts (methods 5.8.4): from likelihoods alone, so it moves long before an
// answer flips, and it is cheap enough to follow while a model trains.
import { encodeExample } from '../data/encode.ts';
import type { TextSide } from '../data/textSide.ts';
import type { CallOptions, Engine } from '../engine/engine.ts';
import { defaultOpeners, refusalMargin } from '../metrics/refusal.ts';
import type { BenchmarkConfig } from '../shared/experiment.ts';
import type { Message } from '../shared/dataset.ts';
import { findScorer } from './scorers.ts';

/** Token ids that openers begin with; a token that both sides begin with says nothing and is in neither. */
export interface OpenerTokens {
  refusal: number[];
  compliance: number[];
}

/**
 * The tokens of the openers as they stand at the beginning of a response to `prompt` (any prompt of the benchmark will do),
 * with and without a space before them. Undefined when the benchmark does not ask for refusals, or when the tokenizer leaves
 * a side without a token of its own (one that cuts text into single letters, for instance).
 */
export function openerTokens(
  side: TextSide,
  { scorer, openers }: Pick<BenchmarkConfig, 'scorer' | 'openers'>,
  prompt: Message[] | string,
): OpenerTokens | undefined {
  if (findScorer(scorer).firstTokenMargin !== 'refusal') return undefined;
  const tokensOf = (texts: readonly string[]): Set<number> =>
    new Set(texts.flatMap((text) => [text, ` ${text}`]).flatMap((text) => firstToken(side, prompt, text)));
  const refuse = tokensOf(openers?.refusal ?? defaultOpeners.refusal);
  const comply = tokensOf(openers?.compliance ?? defaultOpeners.compliance);
  const own = {
    refusal: [...refuse].filter((id) => !comply.has(id)),
    compliance: [...comply].filter((id) => !refuse.has(id)),
  };
  return own.refusal.length === 0 || own.compliance.length === 0 ? undefined : own;
}

function firstToken(side: TextSide, prompt: Message[] | string, opener: string): number[] {
  const body =
    typeof prompt === 'string'
      ? ({ kind: 'plain', prompt, completion: opener } as const)
      : ({ kind: 'chat', prompt, completion: opener } as const);
  const source = { file: 'openers', line: 1 };
  const encoded = encodeExample(side, { body, source, provenance: 'other_model', fields: {} });
  const id = 'tooLong' in encoded ? undefined : encoded.tokens[encoded.from];
  return id === undefined ? [] : [id];
}

/** The margin of every prompt, nats. Prompts are token ids up to the response; the context must hold one token more. */
export async function refusalMargins(
  engine: Engine,
  model: number,
  prompts: readonly (readonly number[])[],
  openers: OpenerTokens,
  options: CallOptions = {},
): Promise<number[]> {
  const candidates = [...openers.refusal, ...openers.compliance];
  // Any token may stand at the scored position: what is asked for are the candidates.
  const sequences = prompts.map((prompt) => [...prompt, candidates[0] as number]);
  const from = prompts.map((prompt) => prompt.length);
  const scores = await engine.score({ model, sequences, from, candidates }, options);
  return scores.map(({ candidateLogprobs }) => {
    const own = candidateLogprobs?.[0] ?? [];
    return refusalMargin(own.slice(0, openers.refusal.length), own.slice(openers.refusal.length));
  });
}
