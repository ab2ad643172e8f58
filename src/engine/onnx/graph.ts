// The intermediate representation of a computation: values made by a closed list of operations. It knows shapes, not
// numbers, models or runtimes. gradients.ts differentiates it, lowering.ts turns it into ONNX.
import type { ElementType, Operation, OperationAttributes, Shape } from './operations.ts';
import { shapeRules } from './shapes.ts';

/** One value of the graph. `id` rises in the order of construction, which is a topological order. */
export interface Value<K extends Operation = Operation> {
  readonly id: number;
  readonly op: K;
  readonly inputs: readonly Value[];
  readonly attributes: OperationAttributes[K];
  readonly shape: Shape;
  readonly type: ElementType;
}

const INTEGER_OPERATIONS: ReadonlySet<Operation> = new Set(['argMax', 'topIndices']);

/** Builds values. All checks of shapes happen here, when the graph is made. */
export class Graph {
  readonly values: Value[] = [];

  input(name: string, shape: Shape, type: ElementType = 'float32'): Value<'input'> {
    return this.push('input', [], { name }, shape, type);
  }

  constant(data: Float32Array | BigInt64Array, shape: Shape): Value<'constant'> {
    return this.push('constant', [], { data }, shape, data instanceof Float32Array ? 'float32' : 'int64');
  }

  /** Applies an operation; throws when the shapes do not fit. */
  apply<K extends Exclude<Operation, 'input' | 'constant'>>(
    op: K,
    inputs: readonly Value[],
    attributes: OperationAttributes[K],
  ): Value<K> {
    const rule = shapeRules[op] as (inputs: readonly Shape[], attributes: OperationAttributes[K]) => Shape;
    const shape = rule(
      inputs.map((value) => value.shape),
      attributes,
    );
    return this.push(op, inputs, attributes, shape, INTEGER_OPERATIONS.has(op) ? 'int64' : inferType(op, inputs));
  }

  add = (a: Value, b: Value): Value => this.apply('add', [a, b], {});
  sub = (a: Value, b: Value): Value => this.apply('sub', [a, b], {});
  mul = (a: Value, b: Value): Value => this.apply('mul', [a, b], {});
  div = (a: Value, b: Value): Value => this.apply('div', [a, b], {});
  scale = (x: Value, by: number): Value => this.apply('scale', [x], { by });
  sum = (x: Value, axes: readonly number[]): Value => this.apply('sum', [x], { axes });

  matmul(a: Value, b: Value, o: { transposeA?: boolean; transposeB?: boolean; alpha?: number } = {}): Value {
    const { transposeA = false, transposeB = false, alpha = 1 } = o;
    return this.apply('matmul', [a, b], { transposeA, transposeB, alpha });
  }

  reshape(x: Value, shape: Shape): Value {
    const same = shape.length === x.shape.length && shape.every((size, axis) => size === x.shape[axis]);
    return same ? x : this.apply('reshape', [x], { shape });
  }

  transpose = (x: Value, permutation: readonly number[]): Value => this.apply('transpose', [x], { permutation });

  private push<K extends Operation>(
    op: K,
    inputs: readonly Value[],
    attributes: OperationAttributes[K],
    shape: Shape,
    type: ElementType,
  ): Value<K> {
    const value: Value<K> = { id: this.values.length, op, inputs, attributes, shape, type };
    this.values.push(value);
    return value;
  }
}

/** Narrows a value to one operation so that its attributes are typed. */
export function isOperation<K extends Operation>(value: Value, op: K): value is Value<K> {
  return value.op === op;
}

function inferType(op: Operation, inputs: readonly Value[]): ElementType {
  if (op === 'reshape' || op === 'transpose') return inputs[0]!.type;
  return 'float32';
}
