// Text from outside (names of runs, arms and files, answers of models, messages with paths) on its way into places of the
// editor that read a syntax of their own. Whatever it holds, it is shown as it is and does nothing.
import { plainText } from '../shared/words.ts';

/** For labels that render `$(icon)`: quick picks, the status bar. */
export function inLabel(text: string): string {
  return plainText(text).replace(/\$\(/g, '\\$(');
}

/** For notifications and messages of views, which turn `[text](command:...)` into links. */
export function inMessage(text: string): string {
  return plainText(text).replace(/\]\(/g, '] (');
}

/** For prompts and validation messages of input boxes, which render both icons and links. */
export function inPrompt(text: string): string {
  return inMessage(inLabel(text));
}

/** For Markdown: on one line, without markup, links, HTML or icons. */
export function inMarkdown(text: string): string {
  return plainText(text)
    .replace(/[\\`*_{}[\]()#+\-!~|<>$.:@&]/g, '\\$&')
    .replace(/ {2,}/g, ' ');
}
