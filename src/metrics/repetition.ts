// Repetition in generated text (methods 5.10).

/** Words and single signs of a text; scripts that are written without spaces fall into their characters. */
export function splitWords(text: string): string[] {
  return (
    text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}\p{M}_]+|[^\s\p{L}\p{N}\p{M}_]/gu) ??
    []
  );
}

function ngrams(units: readonly (string | number)[], n: number): string[] {
  const grams: string[] = [];
  for (let start = 0; start + n <= units.length; start++) grams.push(JSON.stringify(units.slice(start, start + n)));
  return grams;
}

/** RP-n = 1 - distinct n-grams / n-grams of one response (methods 5.10). 0 when the response is shorter than n. */
export function repetitionRate(units: readonly (string | number)[], n = 4): number {
  const grams = ngrams(units, n);
  return grams.length === 0 ? 0 : 1 - new Set(grams).size / grams.length;
}
