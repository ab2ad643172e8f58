// The graphs of generation: a pass over prompts and a pass of one token per row, with the cache in main memory or on the
// device. All of them end in the choice of the next token.
import { cacheName, deviceAttention, packedAttention, stepAttention } from './attention.ts';
import { Graph, type Value } from './graph.ts';
import { lower, type Provider } from './lowering.ts';
import { logitsOf, transformer, type Attend } from './transformer.ts';
import { weightInputs, type LoraConfig } from './weights.ts';
import type { ModelSpec } from '../model/config.ts';

/** What every decoding graph is made for. */
export interface DecodingPlan {
  spec: ModelSpec;
  lora: LoraConfig | undefined;
  /** Greedy graphs give best [B] and bestNll [B, 1], others logprobs [B, V]. */
  greedy: boolean;
  provider: Provider;
}

/** Names of the weights that are constants instead of inputs. */
type Constants = ReadonlySet<string> | undefined;

interface Pass {
  g: Graph;
  positions: Value;
  /** Outputs besides the choice of the token: keys and values per layer. */
  outputs: Record<string, Value>;
  keep: (layer: number, key: Value, value: Value) => void;
  finish: (attend: Attend) => Uint8Array;
}

/** Inputs tokens and positions [B, length] and selected [B], the flat index of each row's last real token. */
function beginPass(plan: DecodingPlan, length: number, constants: Constants): Pass {
  const { spec, lora, greedy, provider } = plan;
  const g = new Graph();
  const weights = weightInputs(g, spec, lora);
  const tokens = g.input('tokens', [-1, length], 'int64');
  const positions = g.input('positions', [-1, length], 'int64');
  const selected = g.input('selected', [-1], 'int64');
  const outputs: Record<string, Value> = {};
  return {
    g,
    positions,
    outputs,
    keep: (layer, key, value) => {
      outputs[cacheName(layer, 'key')] = key;
      outputs[cacheName(layer, 'value')] = value;
    },
    finish: (attend) => {
      const hidden = transformer(g, { spec, weights, tokens, positions, attend });
      const logits = logitsOf(g, spec, weights, g.apply('gather', [hidden, selected], {}));
      return lower(g, { ...outputs, ...chooseToken(g, logits, greedy) }, provider, constants);
    },
  };
}

function chooseToken(g: Graph, logits: Value, greedy: boolean): Record<string, Value> {
  if (!greedy) return { logprobs: g.apply('logSoftmax', [logits], {}) };
  const best = g.apply('argMax', [logits], {});
  return { best, bestNll: g.apply('tokenNll', [logits, best], {}) };
}

/** Prompts of up to `length` tokens, padded at the right; `segments` [B, length]. Gives keys and values [B, KV, length, Dh]. */
export function promptGraph(plan: DecodingPlan, length: number, constants?: Constants): Uint8Array {
  const pass = beginPass(plan, length, constants);
  const segments = pass.g.input('segments', [-1, length], 'int64');
  return pass.finish(packedAttention(pass.g, plan.spec, length, { positions: pass.positions, segments }, pass.keep));
}

/** One token per row against caches of `capacity` tokens. Gives the new keys and values [B, KV, 1, Dh]. */
export function stepGraph(plan: DecodingPlan, capacity: number, constants?: Constants): Uint8Array {
  const pass = beginPass(plan, 1, constants);
  return pass.finish(stepAttention(pass.g, plan.spec, capacity, pass.positions, pass.keep));
}

/** `length` tokens per row on caches on the device. Gives the updated caches [B, KV, capacity, Dh]. */
export function deviceGraph(
  plan: DecodingPlan,
  shape: { length: number; capacity: number },
  constants?: Constants,
): Uint8Array {
  const pass = beginPass(plan, shape.length, constants);
  return pass.finish(deviceAttention(pass.g, plan.spec, shape, pass.positions, pass.keep));
}
