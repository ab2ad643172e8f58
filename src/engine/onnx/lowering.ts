// Turns a graph into ONNX nodes, per execution provider: one rule per operation. Providers differ because an operator
// without a kernel silently falls back to the CPU with copies (WebGPU has neither FusedMatMul nor LogSoftmax).
import type { Graph, Value } from './graph.ts';
import type { Operation, Shape } from './operations.ts';
import { encodeModel, type AttributeValue, type NodeProto, type TensorProto, type ValueInfoProto } from './proto.ts';

export type Provider = 'cpu' | 'webgpu' | 'cuda';

/** What a rule may do: name its inputs, emit nodes, keep secondary outputs for later operations. */
interface Lowering {
  provider: Provider;
  emit(opType: string, inputs: readonly string[], attributes?: Record<string, AttributeValue>, domain?: string): string;
  emitMany(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Record<string, AttributeValue>,
    domain?: string,
  ): string[];
  constant(data: Float32Array | BigInt64Array | Int32Array, shape: Shape): string;
  /** Remembers a further output of the node behind `value`. */
  keep(value: Value, key: string, name: string): void;
  kept(value: Value, key: string): string;
}

type LoweringRule<K extends Operation> = (context: Lowering, inputs: readonly string[], value: Value<K>) => string;

const MICROSOFT = 'com.microsoft';
const int64 = (...values: number[]): BigInt64Array => BigInt64Array.from(values, BigInt);
const scalar = (c: Lowering, value: number): string => c.constant(Float32Array.of(value), []);
const vector = (c: Lowering, values: readonly number[]): string => c.constant(int64(...values), [values.length]);

const simple =
  (opType: string) =>
  (c: Lowering, inputs: readonly string[]): string =>
    c.emit(opType, inputs);

function swapLastTwo(c: Lowering, name: string, rank: number): string {
  const perm = Array.from({ length: rank }, (_, axis) => axis);
  [perm[rank - 1], perm[rank - 2]] = [rank - 2, rank - 1];
  return c.emit('Transpose', [name], { perm });
}

const matmul: LoweringRule<'matmul'> = (c, [a, b], value) => {
  const { transposeA, transposeB, alpha } = value.attributes;
  if (!transposeA && !transposeB && alpha === 1) return c.emit('MatMul', [a!, b!]);
  if (c.provider !== 'webgpu') {
    const attributes = { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: alpha } };
    return c.emit('FusedMatMul', [a!, b!], attributes, MICROSOFT);
  }
  const rank = value.shape.length;
  const left = transposeA ? swapLastTwo(c, a!, rank) : a!;
  const right = transposeB ? swapLastTwo(c, b!, rank) : b!;
  const product = c.emit('MatMul', [left, right]);
  return alpha === 1 ? product : c.emit('Mul', [product, scalar(c, alpha)]);
};

function logSoftmax(c: Lowering, x: string): string {
  if (c.provider !== 'webgpu') return c.emit('LogSoftmax', [x], { axis: -1 });
  const shifted = c.emit('Sub', [x, c.emit('ReduceMax', [x, vector(c, [-1])], { keepdims: 1 })]);
  const total = c.emit('ReduceSum', [c.emit('Exp', [shifted]), vector(c, [-1])], { keepdims: 1 });
  return c.emit('Sub', [shifted, c.emit('Log', [total])]);
}

const column = (c: Lowering, indices: string): string => c.emit('Unsqueeze', [indices, vector(c, [1])]);

const tokenNll: LoweringRule<'tokenNll'> = (c, [logits, targets], value) => {
  const logprobs = logSoftmax(c, logits!);
  const index = column(c, targets!);
  c.keep(value, 'logprobs', logprobs);
  c.keep(value, 'index', index);
  return c.emit('Neg', [c.emit('GatherElements', [logprobs, index], { axis: 1 })]);
};

/** (softmax - onehot) g = exp(logp) g, minus g at the target. */
const tokenNllGradient: LoweringRule<'tokenNllGradient'> = (c, [, , , outer], value) => {
  const nll = value.inputs[0]!;
  const probabilities = c.emit('Exp', [c.kept(nll, 'logprobs')]);
  const scaled = c.emit('Mul', [probabilities, outer!]);
  const updates = c.emit('Neg', [outer!]);
  return c.emit('ScatterElements', [scaled, c.kept(nll, 'index'), updates], { axis: 1, reduction: 'add' });
};

const rotary: LoweringRule<'rotary'> = (c, [x, positions, cosine, sine], value) => {
  const { heads, inverse } = value.attributes;
  const direction = inverse ? c.emit('Neg', [sine!]) : sine!;
  const inputs = [x!, positions!, cosine!, direction];
  return c.emit('RotaryEmbedding', inputs, { num_heads: heads, interleaved: 0 }, MICROSOFT);
};

/** Same segment and not later (and inside the window): 0, otherwise -1e9. */
const attentionBias: LoweringRule<'attentionBias'> = (c, [segments], value) => {
  const length = value.shape.at(-1)!;
  const { window } = value.attributes;
  const causal = new Float32Array(length * length);
  for (let query = 0; query < length; query++) {
    for (let key = 0; key < length; key++) {
      const visible = key <= query && (window === undefined || query - key < window);
      causal[query * length + key] = visible ? 0 : -1e9;
    }
  }
  const wide = c.emit('Cast', [segments!], { to: 1 });
  const rows = c.emit('Unsqueeze', [wide, vector(c, [1, 3])]);
  const columns = c.emit('Unsqueeze', [wide, vector(c, [1, 2])]);
  const distance = c.emit('Abs', [c.emit('Sub', [rows, columns])]);
  const other = c.emit('Mul', [c.emit('Min', [distance, scalar(c, 1)]), scalar(c, -1e9)]);
  return c.emit('Add', [other, c.constant(causal, [1, 1, length, length])]);
};

const cachedAttention: LoweringRule<'cachedAttention'> = (c, inputs, value) => {
  const { heads, kvHeads, window } = value.attributes;
  const attributes = { num_heads: heads, kv_num_heads: kvHeads, do_rotary: 0, local_window_size: window ?? -1 };
  const [output, key, values] = c.emitMany('GroupQueryAttention', inputs, 3, attributes, MICROSOFT);
  c.keep(value, 'key', key!);
  c.keep(value, 'value', values!);
  return output!;
};

const topValues: LoweringRule<'topValues'> = (c, [x], value) => {
  const [values, indices] = c.emitMany('TopK', [x!, vector(c, [value.attributes.k])], 2, { axis: -1 });
  c.keep(value, 'indices', indices!);
  return values!;
};

/** 1 / rms comes with the norm, except on WebGPU, whose kernel leaves that output unwritten. */
const normStatistic: LoweringRule<'normStatistic'> = (c, _, value) => {
  const norm = value.inputs[0]! as Value<'rmsNorm'>;
  if (c.provider !== 'webgpu' || norm.op !== 'rmsNorm') return c.kept(norm, value.attributes.which);
  const x = c.kept(norm, 'input');
  const meanSquare = c.emit('ReduceMean', [c.emit('Mul', [x, x]), vector(c, [-1])], { keepdims: 1 });
  const deviation = c.emit('Sqrt', [c.emit('Add', [meanSquare, scalar(c, norm.attributes.epsilon)])]);
  return c.emit('Reciprocal', [deviation]);
};

function zerosLike(c: Lowering, like: string): string {
  // Shape-only operators run on the CPU, so on a GPU a multiplication is cheaper than copying the zeros over.
  if (c.provider === 'webgpu') return c.emit('Mul', [like, scalar(c, 0)]);
  return c.emit('ConstantOfShape', [c.emit('Shape', [like])]);
}

/** The full table of lowerings; a missing one does not compile. */
const loweringRules: { [K in Exclude<Operation, 'input' | 'constant'>]: LoweringRule<K> } = {
  add: simple('Add'),
  sub: simple('Sub'),
  mul: simple('Mul'),
  div: simple('Div'),
  minimum: simple('Min'),
  sigmoid: simple('Sigmoid'),
  tanh: simple('Tanh'),
  exp: simple('Exp'),
  sqrt: simple('Sqrt'),
  scale: (c, [x], v) => c.emit('Mul', [x!, scalar(c, v.attributes.by)]),
  silu: (c, [x]) => c.emit('Mul', [x!, c.emit('Sigmoid', [x!])]),
  matmul,
  reshape: (c, [x], v) => c.emit('Reshape', [x!, vector(c, v.attributes.shape)]),
  transpose: (c, [x], v) => c.emit('Transpose', [x!], { perm: v.attributes.permutation }),
  slice: (c, [x], { attributes: { start, end } }) =>
    c.emit('Slice', [x!, vector(c, [start]), vector(c, [end]), vector(c, [-1])]),
  padColumns: (c, [x], v) => {
    const { start, width } = v.attributes;
    const end = width - start - v.inputs[0]!.shape.at(-1)!;
    const axes = vector(c, [v.shape.length - 1]);
    return c.emit('Pad', [x!, vector(c, [start, end]), scalar(c, 0), axes]);
  },
  concat: (c, inputs) => c.emit('Concat', inputs, { axis: -1 }),
  sum: (c, [x], v) => c.emit('ReduceSum', [x!, vector(c, v.attributes.axes)], { keepdims: 1 }),
  sumRows: (c, [x], v) => {
    const axes = v.inputs[0]!.shape.slice(0, -1).map((_, axis) => axis);
    return c.emit('ReduceSum', [x!, vector(c, axes)], { keepdims: 0 });
  },
  sumSquares: (c, [x]) => c.emit('Reshape', [c.emit('ReduceSumSquare', [x!], { keepdims: 0 }), vector(c, [1])]),
  gather: (c, [table, indices]) => c.emit('Gather', [table!, indices!], { axis: 0 }),
  scatterAdd: (c, [like, indices, updates]) => {
    if (c.provider !== 'cpu') {
      return c.emit('ScatterND', [zerosLike(c, like!), column(c, indices!), updates!], { reduction: 'add' });
    }
    // On the CPU ScatterND adds from several threads in no fixed order, so that sums differ in their last bits from run
    // to run. ScatterElements adds in the order of the updates.
    const everywhere = c.emit('Expand', [column(c, indices!), c.emit('Shape', [updates!])]);
    return c.emit('ScatterElements', [zerosLike(c, like!), everywhere, updates!], { axis: 0, reduction: 'add' });
  },
  softmax: (c, [x]) => c.emit('Softmax', [x!], { axis: -1 }),
  rmsNorm: (c, [x, weight], v) => {
    const attributes = { axis: -1, epsilon: { float: v.attributes.epsilon } };
    if (c.provider === 'webgpu') {
      c.keep(v, 'input', x!);
      return c.emit('SimplifiedLayerNormalization', [x!, weight!], attributes);
    }
    const [output, inverse] = c.emitMany('SimplifiedLayerNormalization', [x!, weight!], 2, attributes);
    c.keep(v, 'inverseDeviation', inverse!);
    return output!;
  },
  layerNorm: (c, inputs, v) => {
    const attributes = { axis: -1, epsilon: { float: v.attributes.epsilon } };
    const [output, mean, inverse] = c.emitMany('LayerNormalization', inputs, 3, attributes);
    c.keep(v, 'mean', mean!);
    c.keep(v, 'inverseDeviation', inverse!);
    return output!;
  },
  normStatistic,
  rotary,
  attentionBias,
  tokenNll,
  tokenNllGradient,
  logSoftmax: (c, [x]) => logSoftmax(c, x!),
  // A maximum over the logprobs that the likelihood has made is several times faster than ArgMax over the logits.
  bestNll: (c, _, v) =>
    c.emit('Neg', [c.emit('ReduceMax', [c.kept(v.inputs[0]!, 'logprobs'), vector(c, [-1])], { keepdims: 1 })]),
  argMax: (c, [x]) => c.emit('ArgMax', [x!], { axis: -1, keepdims: 0 }),
  pick: (c, [x, indices]) => c.emit('GatherElements', [x!, column(c, indices!)], { axis: 1 }),
  topValues,
  topIndices: (c, _, v) => c.kept(v.inputs[0]!, 'indices'),
  cachedAttention,
  cacheOutput: (c, _, v) => c.kept(v.inputs[0]!, v.attributes.which),
};

class Emitter implements Lowering {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly inputs: ValueInfoProto[] = [];
  private readonly constants = new Map<string, string>();
  private readonly secondary = new Map<string, string>();
  private next = 0;

  constructor(
    readonly provider: Provider,
    private readonly constantInputs: ReadonlySet<string>,
  ) {}

  input(value: Value<'input'>): string {
    const { name } = value.attributes;
    const { type, shape } = value;
    (this.constantInputs.has(name) ? this.initializers : this.inputs).push({ name, type, shape });
    return name;
  }

  emit(
    opType: string,
    inputs: readonly string[],
    attributes?: Record<string, AttributeValue>,
    domain?: string,
  ): string {
    return this.emitMany(opType, inputs, 1, attributes, domain)[0]!;
  }

  emitMany(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, AttributeValue> = {},
    domain = '',
  ): string[] {
    const names = Array.from({ length: outputs }, () => `v${this.next++}`);
    this.nodes.push({ opType, domain, inputs, outputs: names, attributes });
    return names;
  }

  constant(data: Float32Array | BigInt64Array | Int32Array, shape: Shape): string {
    // Small constants repeat all over a graph (axes, scalars): one initializer serves all of them.
    const key = data.length <= 8 ? `${data.constructor.name}[${shape.join()}]${data.join()}` : undefined;
    const known = key === undefined ? undefined : this.constants.get(key);
    if (known) return known;
    const name = `c${this.next++}`;
    const type = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'int64';
    this.initializers.push({ name, type, shape, data });
    if (key !== undefined) this.constants.set(key, name);
    return name;
  }

  keep(value: Value, key: string, name: string): void {
    this.secondary.set(`${value.id}/${key}`, name);
  }

  kept(value: Value, key: string): string {
    const name = this.secondary.get(`${value.id}/${key}`);
    if (name === undefined) throw new Error(`operation ${value.op} keeps no ${key}`);
    return name;
  }
}

/**
 * Serialises the part of `graph` that `outputs` need.
 * @param outputs name of each graph output and its value.
 * @param constantInputs names of inputs that become constants, whose numbers `Executor.compile` is given.
 */
export function lower(
  graph: Graph,
  outputs: Readonly<Record<string, Value>>,
  provider: Provider,
  constantInputs: ReadonlySet<string> = new Set(),
): Uint8Array {
  const context = new Emitter(provider, constantInputs);
  const names = new Map<number, string>();
  const live = reachable(graph, Object.values(outputs));
  for (const value of graph.values) {
    if (live.has(value.id)) names.set(value.id, lowerValue(context, value, names));
  }
  for (const [name, value] of Object.entries(outputs)) {
    context.nodes.push({ opType: 'Identity', inputs: [names.get(value.id)!], outputs: [name] });
  }
  const { initializers, inputs } = context;
  const nodes = renameIdentities(context.nodes, Object.keys(outputs), new Set(inputs.map((input) => input.name)));
  const outputInfos = Object.entries(outputs).map(([name, v]) => ({ name, type: v.type, shape: v.shape }));
  return encodeModel({ nodes, initializers, inputs, outputs: outputInfos });
}

function lowerValue(context: Emitter, value: Value, names: Map<number, string>): string {
  if (value.op === 'input') return context.input(value as Value<'input'>);
  if (value.op === 'constant') {
    const { data } = value.attributes as { data: Float32Array | BigInt64Array };
    return context.constant(data, value.shape);
  }
  const rule = loweringRules[value.op] as LoweringRule<Operation>;
  return rule(
    context,
    value.inputs.map((input) => names.get(input.id)!),
    value,
  );
}

/** Writes a graph output straight from the node that makes it, so that no copy stands between (in-place updates need this). */
function renameIdentities(nodes: readonly NodeProto[], outputs: readonly string[], inputs: Set<string>): NodeProto[] {
  const wanted = new Set(outputs);
  const renames = new Map<string, string>();
  const kept = nodes.filter((node) => {
    const [source, target] = [node.inputs[0]!, node.outputs[0]!];
    const direct = node.opType === 'Identity' && wanted.has(target) && !renames.has(source) && !inputs.has(source);
    if (!direct || !source.startsWith('v')) return true;
    renames.set(source, target);
    return false;
  });
  const rename = (name: string) => renames.get(name) ?? name;
  return kept.map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) }));
}

function reachable(graph: Graph, outputs: readonly Value[]): Set<number> {
  const live = new Set(outputs.map((value) => value.id));
  for (let id = graph.values.length - 1; id >= 0; id--) {
    if (live.has(id)) for (const input of graph.values[id]!.inputs) live.add(input.id);
  }
  return live;
}
