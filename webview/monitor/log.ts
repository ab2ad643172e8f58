// What the run wrote down, and the last lines of the session, at the bottom.
import type { LogRecord } from '../../src/shared/records.ts';
import { el } from '../ui/dom.ts';
import { boot, say, text } from '../ui/host.ts';

export interface LogView {
  element: HTMLElement;
  /** Adds what is new; keeps to the end when the reader is there. */
  show(records: readonly LogRecord[], tail: string): void;
}

export function makeLog(): LogView {
  const records = el('ol', { class: 'records' });
  const tail = el('pre', { class: 'tail', tabindex: 0, 'aria-label': text('Last lines of the session') });
  const empty = el('p', { class: 'quiet' }, text('Nothing has been written down yet.'));
  let shown = 0;
  return {
    element: el('section', { class: 'log' }, el('h2', null, text('Log')), empty, records, tail),
    show: (all, lines) => {
      for (const record of all.slice(shown)) records.append(recordLine(record));
      shown = all.length;
      const atEnd = tail.scrollTop + tail.clientHeight >= tail.scrollHeight - 8;
      if (tail.textContent !== lines) tail.textContent = lines;
      if (atEnd) tail.scrollTop = tail.scrollHeight;
      tail.hidden = lines.trim() === '';
      records.hidden = all.length === 0;
      empty.hidden = all.length > 0 || lines.trim() !== '';
    },
  };
}

function recordLine(record: LogRecord): HTMLElement {
  const at = new Date(record.at);
  const time = Number.isNaN(at.getTime()) ? record.at : at.toLocaleTimeString(boot.language);
  const kinds = { info: '', warning: text('warning'), error: text('error') };
  return el(
    'li',
    { class: record.level },
    el('time', { class: 'quiet', datetime: record.at, title: record.at }, time),
    ' ',
    kinds[record.level] !== '' && el('b', null, `${kinds[record.level]}: `),
    say(record.words ?? record.message),
  );
}
