// Compares two function calls by meaning (methods 6.4, `ast`): name, arguments mapped to parameters, values by type.
import { phrase } from '../../shared/phrase.ts';
import type { Phrase } from '../../shared/phrase.ts';
import type { PythonCall, PythonValue } from '../pythonCall.ts';
import type { CallSignature } from './callSignature.ts';

export interface CallComparison {
  name: boolean;
  /** Every argument of either call is in the other with an equal value. */
  strict: boolean;
  /** Optional arguments may be missing on either side; those present are right. */
  lenient: boolean;
  /** F1 of the arguments, whatever the name. Two calls without arguments agree fully. */
  argumentF1: number;
  /** The first difference, in words. */
  difference: Phrase | undefined;
}

export function compareCalls(gold: PythonCall, predicted: PythonCall, signature: CallSignature): CallComparison {
  const order = signature.parameters ?? [...gold.keywords.keys()].slice(0, gold.positional.length ? 0 : undefined);
  const wanted = bind(gold, order);
  const given = bind(predicted, order);
  const name = gold.name === predicted.name;
  const clash = given.clash === undefined ? undefined : phrase('the argument {0} is given twice', given.clash);
  const faults = argumentFaults(wanted.values, given.values, signature);
  const nameFault = name ? undefined : phrase('the function is {0}, not {1}', predicted.name, gold.name);
  const matched = [...wanted.values].filter(([key, value]) => equalIn(given.values, key, value)).length;
  const total = wanted.values.size + given.values.size;
  return {
    name,
    strict: name && !clash && faults.length === 0,
    lenient: name && !clash && faults.every((fault) => fault.optional),
    argumentF1: total === 0 ? 1 : (2 * matched) / total,
    difference: nameFault ?? clash ?? faults[0]?.text,
  };
}

type Arguments = Map<string, PythonValue>;

/** Positional arguments take the parameter names in order; beyond those they are called #1, #2, ... */
function bind(call: PythonCall, order: readonly string[]): { values: Arguments; clash: string | undefined } {
  const values: Arguments = new Map(call.positional.map((value, index) => [order[index] ?? `#${index + 1}`, value]));
  let clash: string | undefined;
  for (const [key, value] of call.keywords) {
    if (values.has(key)) clash ??= key;
    else values.set(key, value);
  }
  return { values, clash };
}

interface Fault {
  text: Phrase;
  /** A lenient comparison lets it pass. */
  optional: boolean;
}

function argumentFaults(wanted: Arguments, given: Arguments, signature: CallSignature): Fault[] {
  // Without a declaration every argument of the reference is required and no other one is known.
  const required = new Set(signature.required ?? wanted.keys());
  const known = new Set(signature.parameters);
  const faults: Fault[] = [];
  for (const [key, value] of wanted) {
    if (!given.has(key))
      faults.push({ text: phrase('the argument {0} is missing', key), optional: !required.has(key) });
    else if (!equalIn(given, key, value))
      faults.push({ text: phrase('the argument {0} has another value', key), optional: false });
  }
  for (const key of given.keys()) {
    if (wanted.has(key)) continue;
    const text = known.has(key)
      ? phrase('the argument {0} is not asked for', key)
      : phrase('the argument {0} is unknown', key);
    faults.push({ text, optional: known.has(key) });
  }
  return faults;
}

function equalIn(values: Arguments, key: string, value: PythonValue): boolean {
  const other = values.get(key);
  return other !== undefined && equalValues(value, other);
}

/**
 * Numbers by value, texts without regard to case and blanks, bare words as texts, lists and tuples element by element,
 * sets and dicts in any order, nested calls by name and arguments.
 */
export function equalValues(a: PythonValue, b: PythonValue): boolean {
  switch (a.kind) {
    case 'string':
    case 'name':
      return (b.kind === 'string' || b.kind === 'name') && plainText(a.value) === plainText(b.value);
    case 'number':
      return b.kind === 'number' && (a.value === b.value || Number(a.value) === b.value || a.value === Number(b.value));
    case 'boolean':
      return b.kind === 'boolean' && a.value === b.value;
    case 'none':
      return b.kind === 'none';
    case 'list':
    case 'tuple':
      return (b.kind === 'list' || b.kind === 'tuple') && equalLists(a.items, b.items);
    case 'set':
      return b.kind === 'set' && sameMembers(a.items, b.items, equalValues);
    case 'dict':
      return b.kind === 'dict' && sameMembers(a.entries, b.entries, equalLists);
    case 'call':
      return b.kind === 'call' && equalCalls(a.call, b.call);
    default:
      return a satisfies never;
  }
}

function plainText(text: string): string {
  return text.replace(/\s/gu, '').toLowerCase();
}

function equalLists(a: readonly PythonValue[], b: readonly PythonValue[]): boolean {
  return a.length === b.length && a.every((item, index) => equalOptional(item, b[index]));
}

function equalOptional(a: PythonValue, b: PythonValue | undefined): boolean {
  return b !== undefined && equalValues(a, b);
}

function sameMembers<T>(a: readonly T[], b: readonly T[], same: (one: T, other: T) => boolean): boolean {
  const left = [...b];
  for (const item of a) {
    const index = left.findIndex((other) => same(item, other));
    if (index < 0) return false;
    left.splice(index, 1);
  }
  return left.length === 0;
}

function equalCalls(a: PythonCall, b: PythonCall): boolean {
  const keys = [...a.keywords];
  return (
    a.name === b.name &&
    equalLists(a.positional, b.positional) &&
    a.keywords.size === b.keywords.size &&
    keys.every(([key, value]) => equalIn(b.keywords, key, value))
  );
}
