// The search line: the next row that holds a text, found by the lab server from where the reader is; long searches say how
// far they are and can be stopped. What was found is marked in the rows in sight.
import { el, fill } from '../ui/dom.ts';
import { errorText, isAbort, text } from '../ui/host.ts';
import { button, textField } from '../ui/toolkit.ts';
import { formatCount, formatShare } from '../../src/shared/words.ts';

export interface SearchHooks {
  /** First row at or after `from`, or null. */
  find(words: string, from: number, signal: AbortSignal): Promise<number | null>;
  /** The current row: the search goes on after it. */
  current(): number;
  found(row: number): void;
  /** The text to mark is another one; empty: none. */
  words(words: string): void;
  announce(message: string): void;
}

export interface SearchLine {
  readonly element: HTMLElement;
  progress(share: number): void;
  focus(): void;
  /** The rows are others now. */
  reset(): void;
}

export function makeSearch(hooks: SearchHooks): SearchLine {
  let going: AbortController | undefined;
  /** Where the last search ended: the same text is looked for after it. */
  let last: { words: string; row: number | null } | undefined;
  let seen = '';
  const status = el('span', { class: 'quiet search-status' });
  const stop = button(text('Stop'), () => cancel(), { title: text('Stop searching (Escape)') });
  const field = textField({
    label: text('Find in the rows'),
    onInput: (words) => {
      // Enter may be quicker than the news of the last key.
      if (words === seen) return;
      seen = words;
      cancel();
      last = undefined;
      fill(status);
      hooks.words(words);
    },
  });
  const next = button(text('Next'), () => void search(), { title: text('Next row with this text (Enter)') });
  const cancel = (): void => {
    if (!going) return;
    going.abort();
    going = undefined;
    fill(status, text('Stopped.'));
    stop.hidden = true;
  };
  const say = (message: string): void => {
    fill(status, message);
    hooks.announce(message);
  };
  /** The first search looks at the current row too; after the end it begins anew. */
  const begin = (words: string): number => {
    if (last?.words !== words) return hooks.current();
    return last.row === null ? 0 : hooks.current() + 1;
  };
  const search = async (): Promise<void> => {
    const words = field.value;
    if (words === '') return;
    if (words !== seen) hooks.words(words);
    seen = words;
    going?.abort();
    const mine = (going = new AbortController());
    const from = begin(words);
    fill(status, text('Searching'));
    stop.hidden = false;
    try {
      const row = await hooks.find(words, from, mine.signal);
      if (going !== mine) return;
      last = { words, row };
      if (row === null) {
        say(
          from === 0
            ? text('Not found.')
            : text('Not found from row {0} on. Once more: from the beginning.', formatCount(from + 1)),
        );
      } else {
        say(text('Found in row {0}.', formatCount(row + 1)));
        hooks.found(row);
      }
    } catch (error) {
      if (!isAbort(error)) say(errorText(error));
    }
    if (going === mine) {
      going = undefined;
      stop.hidden = true;
    }
  };
  field.element.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') void search();
    else if (event.key === 'Escape' && going) cancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  stop.hidden = true;
  return {
    element: el('div', { class: 'buttons search', role: 'search' }, field.element, next, stop, status),
    progress: (share) => {
      if (going) fill(status, text('Searching, {0}', formatShare(Math.round(share * 100) / 100)));
    },
    focus: () => field.element.focus(),
    reset: () => {
      cancel();
      last = undefined;
      fill(status);
    },
  };
}

/** Marks a text wherever it stands in the elements, across the pieces that tokens make of it. */
export function markWords(elements: readonly HTMLElement[], words: string): void {
  const ranges = words === '' ? [] : elements.flatMap((element) => rangesOf(element, words.toLowerCase()));
  CSS.highlights.set('found', new Highlight(...ranges));
}

function rangesOf(element: HTMLElement, words: string): Range[] {
  const nodes: { node: Node; start: number }[] = [];
  let whole = '';
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    nodes.push({ node, start: whole.length });
    whole += node.textContent ?? '';
  }
  const folded = whole.toLowerCase();
  // Letters whose lower case is longer would shift everything after them.
  if (folded.length !== whole.length) return [];
  const place = (offset: number): [Node, number] => {
    const { node, start } = nodes.findLast((one) => one.start <= offset)!;
    return [node, offset - start];
  };
  const ranges: Range[] = [];
  for (let at = folded.indexOf(words); at >= 0; at = folded.indexOf(words, at + words.length)) {
    const range = document.createRange();
    range.setStart(...place(at));
    const [node, offset] = place(at + words.length - 1);
    range.setEnd(node, offset + 1);
    ranges.push(range);
  }
  return ranges;
}
