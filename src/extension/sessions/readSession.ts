// A session to read: its result, whole, and its log. The rows of sessions open it, and what failed leads to it.
import * as vscode from 'vscode';
import { LabError } from '../../shared/errors.ts';
import { phrase, say } from '../../shared/phrase.ts';
import { listSessions, sessionLog } from '../../shared/protocol/lab/sessions.ts';
import { shortMinuteOf } from '../sidebar/runTime.ts';
import type { Workbench } from '../workbench.ts';
import type { ReadonlyTexts } from '../experiments/readonlyText.ts';
import { sessionText } from './sessionText.ts';

/** Opens the text of a session. `row`: its row in the tree, or what names it in the same way. */
export async function readSession({ lab }: Workbench, texts: ReadonlyTexts, row: unknown): Promise<void> {
  const id = (row as { session?: string } | undefined)?.session ?? '';
  const session = (await lab.request(listSessions, {})).find((one) => one.id === id);
  if (!session) {
    throw new LabError('usage', phrase('This session is no longer on the list'), {
      remedy: phrase('Its run folder or the files it wrote are still there'),
    });
  }
  const { text } = await lab.request(sessionLog, { id });
  const { t } = vscode.l10n;
  // The minute tells two sessions that do the same from each other.
  const title = `${say(session.title, t)} ${shortMinuteOf(session.queuedAt)}`;
  await texts.show(title, sessionText(session, text, t));
}
