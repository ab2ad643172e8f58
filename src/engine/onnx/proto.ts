// Writes ONNX models. Field numbers are those of onnx.proto3 (onnx/onnx, IR version 8); `pbf` does the encoding.
import { PbfWriter } from 'pbf';
import type { ElementType } from './operations.ts';

/** Codes of TensorProto.DataType. */
const DATA_TYPES: Record<ElementType | 'bool', number> = { float32: 1, int32: 6, int64: 7, bool: 9 };

export type AttributeValue = number | { float: number } | string | readonly number[];

export interface NodeProto {
  opType: string;
  domain?: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface TensorProto {
  name: string;
  type: ElementType;
  shape: readonly number[];
  /** Absent: the numbers are handed to the session on their own, as external data under the tensor's name. */
  data?: Float32Array | BigInt64Array | Int32Array;
}

/** A graph input or output. Negative dimensions are written as named, run-time sizes. */
export interface ValueInfoProto {
  name: string;
  type: ElementType;
  shape: readonly number[];
}

export interface GraphProto {
  nodes: readonly NodeProto[];
  initializers: readonly TensorProto[];
  inputs: readonly ValueInfoProto[];
  outputs: readonly ValueInfoProto[];
}

/** Serialises a model with opset 18 and Microsoft's contributed operators. */
export function encodeModel(graph: GraphProto): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, 8); // ir_version
  pbf.writeStringField(2, 'forgetting-lab'); // producer_name
  pbf.writeMessage(7, writeGraph, graph);
  pbf.writeMessage(8, writeOpset, { domain: '', version: 18 });
  pbf.writeMessage(8, writeOpset, { domain: 'com.microsoft', version: 1 });
  return pbf.finish();
}

function writeOpset(opset: { domain: string; version: number }, pbf: PbfWriter): void {
  pbf.writeStringField(1, opset.domain);
  pbf.writeVarintField(2, opset.version);
}

function writeGraph(graph: GraphProto, pbf: PbfWriter): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, 'graph');
  for (const tensor of graph.initializers) pbf.writeMessage(5, writeTensor, tensor);
  for (const input of graph.inputs) pbf.writeMessage(11, writeValueInfo, input);
  for (const output of graph.outputs) pbf.writeMessage(12, writeValueInfo, output);
}

function writeNode(node: NodeProto, pbf: PbfWriter): void {
  for (const input of node.inputs) pbf.writeStringField(1, input);
  for (const output of node.outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(4, node.opType);
  for (const [name, value] of Object.entries(node.attributes ?? {}))
    pbf.writeMessage(5, writeAttribute, { name, value });
  if (node.domain) pbf.writeStringField(7, node.domain);
}

function writeAttribute(attribute: { name: string; value: AttributeValue }, pbf: PbfWriter): void {
  const { name, value } = attribute;
  pbf.writeStringField(1, name);
  if (typeof value === 'number') {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, 2); // INT
  } else if (typeof value === 'string') {
    pbf.writeBytesField(4, new TextEncoder().encode(value));
    pbf.writeVarintField(20, 3); // STRING
  } else if ('float' in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, 1); // FLOAT
  } else {
    pbf.writePackedVarint(8, [...value]);
    pbf.writeVarintField(20, 7); // INTS
  }
}

function writeTensor(tensor: TensorProto, pbf: PbfWriter): void {
  pbf.writePackedVarint(1, [...tensor.shape]);
  pbf.writeVarintField(2, DATA_TYPES[tensor.type]);
  pbf.writeStringField(8, tensor.name);
  const { data } = tensor;
  if (data) return pbf.writeBytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  pbf.writeMessage(13, writeEntry, { key: 'location', value: tensor.name });
  pbf.writeVarintField(14, 1); // EXTERNAL
}

function writeEntry(entry: { key: string; value: string }, pbf: PbfWriter): void {
  pbf.writeStringField(1, entry.key);
  pbf.writeStringField(2, entry.value);
}

function writeValueInfo(info: ValueInfoProto, pbf: PbfWriter): void {
  pbf.writeStringField(1, info.name);
  pbf.writeMessage(2, writeType, info);
}

function writeType(info: ValueInfoProto, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeTensorType, info);
}

function writeTensorType(info: ValueInfoProto, pbf: PbfWriter): void {
  pbf.writeVarintField(1, DATA_TYPES[info.type]);
  pbf.writeMessage(2, writeShape, info);
}

function writeShape(info: ValueInfoProto, pbf: PbfWriter): void {
  info.shape.forEach((size, axis) => pbf.writeMessage(1, writeDimension, { size, name: `${info.name}_${axis}` }));
}

function writeDimension(dimension: { size: number; name: string }, pbf: PbfWriter): void {
  if (dimension.size >= 0) pbf.writeVarintField(1, dimension.size);
  else pbf.writeStringField(2, dimension.name);
}
