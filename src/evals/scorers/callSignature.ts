// What a benchmark line says about the called function: parameter order and which parameters are required. Read from
// `parameters` and `required`, from the official `function` column, or from the text of the prompt (methods 6.4).

/** Undefined members are not declared. */
export interface CallSignature {
  /** Every known parameter in declared order. */
  parameters?: string[];
  required?: string[];
}

/** Finds the signature in the columns of a benchmark line; empty when nothing declares one. */
export function readSignature(fields: Record<string, unknown>): CallSignature {
  const described = isRecord(fields.function) ? fields.function : fields;
  const schema = isRecord(described.parameters) ? described.parameters : undefined;
  const parameters = names(described.parameters) ?? (schema && Object.keys(propertiesOf(schema)));
  const required = names(described.required) ?? names(schema?.required);
  if (parameters || required) return signature(parameters, required);
  const { instruction } = fields;
  return typeof instruction === 'string' ? signatureInText(instruction) : {};
}

/** The rendering of the SDFT release: "Parameters:", numbered lines "1. name (type: t) - ..." and "Required: [a, b]". */
function signatureInText(text: string): CallSignature {
  const block = /^Parameters:\n((?:\d+\.[^\n]*\n?)*)/mu.exec(text)?.[1];
  const required = /^Required: \[([^\]\n]*)\]/mu.exec(text)?.[1];
  const parameters =
    block === undefined ? undefined : [...block.matchAll(/^\d+\.\s*(\w+)/gmu)].map((line) => line[1] ?? '');
  return signature(
    parameters,
    required
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  );
}

function signature(parameters: string[] | undefined, required: string[] | undefined): CallSignature {
  return { ...(parameters?.length ? { parameters } : {}), ...(required ? { required } : {}) };
}

function propertiesOf(schema: Record<string, unknown>): Record<string, unknown> {
  return isRecord(schema.properties) ? schema.properties : schema;
}

function names(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter((entry): entry is string => typeof entry === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
