// The share of a merge as a person types it.

/** The number, or undefined where the text is none. */
export function readLambda(text: string): number | undefined {
  const value = Number(text);
  return text.trim() !== '' && Number.isFinite(value) ? value : undefined;
}
