// Text and tables in Markdown. Text from outside is escaped, so that names can be neither markup nor links.
import { plainText } from '../shared/words.ts';

/** Text that Markdown shows as it is, on one line. */
export function escapeMarkdown(text: string): string {
  return plainText(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/([\\`*_[\]()#|~!])/g, '\\$1');
}

/** Cells are finished Markdown: whoever fills them escapes what is not a number. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map((_, k) => (k === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
