// What every panel's page starts with: a place for notices, the one sentence in words, and the rest.
import { add, el, fill } from './dom.ts';
import type { Child } from './dom.ts';
import { errorText, isAbort, text } from './host.ts';
import { button, progressRing } from './toolkit.ts';

export interface Page {
  /** Small line above the sentence: what the panel is about. */
  title(...content: Child[]): void;
  /** The answer, in one sentence, and what makes a reader careful. */
  sentence(answer: string, more?: readonly string[]): void;
  /** Shows or takes away a notice. */
  notice(message: Child | undefined, kind?: 'warning' | 'error'): void;
  /** Under the sentence. */
  readonly body: HTMLElement;
  /** Tells screen readers about something that changed by itself. */
  announce(message: string): void;
  /** Shows an error in place of the body, with a way to try again. Cancellation is no error. */
  failed(error: unknown, again: () => void): void;
  /**
   * Does what somebody asked for. A failure is told beside the notices, where updates leave it until it is tried again with
   * success or closed; cancellation is no error.
   */
  attempt(work: () => Promise<unknown>): Promise<void>;
}

/** Makes the page. Until the first sentence it shows that something is on its way. */
export function makePage(): Page {
  const heading = el('h1');
  const answer = el('p', { class: 'sentence' });
  const more = el('div', { class: 'more' });
  const notices = el('div');
  const failure = el('div');
  const body = el('div', { class: 'body' });
  const live = el('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
  add(answer, [progressRing(text('Loading'))]);
  document.body.append(el('main', null, heading, answer, more, notices, failure, body, live));
  const notice: Page['notice'] = (message, kind = 'warning') => {
    fill(notices, message !== undefined && el('div', { class: `notice ${kind}`, role: 'alert' }, message));
  };
  const attempt: Page['attempt'] = async (work) => {
    try {
      await work();
      fill(failure);
    } catch (error) {
      if (isAbort(error)) return;
      const again = button(text('Try again'), () => void attempt(work));
      const close = button('\u00d7', () => fill(failure), { kind: 'icon', label: text('Close') });
      fill(failure, el('div', { class: 'notice error', role: 'alert' }, errorText(error), ' ', again, close));
    }
  };
  return {
    body,
    notice,
    attempt,
    title: (...content) => fill(heading, ...content),
    sentence: (words, further = []) => {
      setText(answer, words);
      // After a full stop of full width there is no space.
      setText(more, further.join(' ').replaceAll('。 ', '。'));
    },
    announce: (message) => setText(live, message),
    failed: (error, again) => {
      if (isAbort(error)) return;
      if (answer.textContent === '') setText(answer, text('This cannot be shown.'));
      notice([errorText(error), ' ', button(text('Try again'), again)], 'error');
    },
  };
}

/** Sets text only when it differs, so that a selection in it survives updates. */
export function setText(element: HTMLElement, words: string): void {
  if (element.textContent !== words || element.childElementCount > 0) element.textContent = words;
}
