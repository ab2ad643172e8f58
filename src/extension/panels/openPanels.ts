// Which panels are open: one per kind and subject. Knows no editor, so that its rules can be tested.
import { isDeepStrictEqual } from 'node:util';
import type { PanelKind, PanelSubject } from '../workbench.ts';
import { identityOf } from './access.ts';

/** An open panel, as far as these rules see it. */
export interface OpenPanel {
  readonly kind: PanelKind;
  /** What its page is about by now. */
  subject: PanelSubject;
  reveal(): void;
  /** Draws the page anew, about its subject. */
  draw(): void;
}

/** The panels that are open. */
export class OpenPanels<One extends OpenPanel> {
  /** What each was last asked to show; unknown of a panel that comes from an earlier window. */
  private readonly asked = new Map<One, PanelSubject | undefined>();

  get all(): One[] {
    return [...this.asked.keys()];
  }

  add(one: One, asked?: PanelSubject): void {
    this.asked.set(one, asked);
  }

  remove(one: One): void {
    this.asked.delete(one);
  }

  /** The panel of a kind that is about a subject. */
  find(kind: PanelKind, subject: PanelSubject): One | undefined {
    const identity = identityOf(kind, subject);
    return this.all.find((one) => identityOf(one.kind, one.subject) === identity);
  }

  /**
   * Shows the panel that is open for a subject; false when there is none. It goes on with what its page is about, unless it
   * is asked for something else than the last time: another order of the runs, another model.
   */
  show(kind: PanelKind, subject: PanelSubject): boolean {
    const one = this.find(kind, subject);
    if (!one) return false;
    const before = this.asked.get(one);
    this.asked.set(one, subject);
    if (before && !isDeepStrictEqual(untitled(before), untitled(subject))) {
      one.subject = subject;
      one.draw();
    }
    one.reveal();
    return true;
  }
}

/** Two commands may call the same thing by other names. */
const untitled = (subject: PanelSubject): Record<string, unknown> => ({ ...subject, title: undefined });
