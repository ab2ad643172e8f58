// Which documents may be datasets: a cheap look at name and beginning, before the lab server is asked.

/** For language features. Untitled documents have no name, so their language decides. */
export const datasetSelector = [
  { scheme: 'file', pattern: '**/*.{jsonl,json}' },
  { scheme: 'untitled', language: 'jsonl' },
  { scheme: 'untitled', language: 'json' },
];

/** JSON files with a meaning of their own; they are never rows to train on. */
const otherFiles =
  /(^|[\\/])(package(-lock)?|[tj]sconfig.*|settings|launch|tasks|extensions|composer|manifest|config|generation_config|tokenizer.*|special_tokens_map|vocab|adapter_config|[^\\/]*\.(experiment|schema|code-workspace|lock|webmanifest))\.json$/i;

/** Whether a document of this name and beginning is worth a question. `lineAt` gives a line of its text. */
export function mayBeDataset(path: string, lineCount: number, lineAt: (line: number) => string): boolean {
  if (otherFiles.test(path)) return false;
  if (/\.jsonl$/i.test(path)) return true;
  for (let line = 0; line < Math.min(lineCount, 50); line++) {
    const text = lineAt(line).trim();
    if (text === '') continue;
    // An array, or one object a line; an object over several lines is something else.
    return text.startsWith('[') || (text.startsWith('{') && text.endsWith('}') && text.length > 2);
  }
  return false;
}
