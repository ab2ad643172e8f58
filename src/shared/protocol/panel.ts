// Between a panel (webview) and the extension host. The host passes a panel's requests on to the lab server when the
// method is on the list of its kind, and offers a few actions of the editor.
import type { ErrorWords } from '../errors.ts';

/** First thing a panel gets, as JSON in the page. */
export interface PanelBoot {
  kind: string;
  subject: Record<string, unknown>;
  /** Texts in the editor's language, English by default; keys are the English texts. */
  texts: Record<string, string>;
  /** BCP 47 tag for numbers and dates. */
  language: string;
  /** False in Restricted Mode: controls that write or execute are not shown. */
  trusted: boolean;
}

/** Names a request or an action. No two pages use the same one: an answer must not reach the page that came after. */
export type CallId = string;

export type FromPanel =
  /** A request for the lab server. */
  | { type: 'request'; id: CallId; method: string; params: unknown }
  | { type: 'cancel'; id: CallId }
  /** Something only the editor can do; answered like a request. */
  | { type: 'action'; id: CallId; action: PanelAction }
  /** The panel has drawn its first data. */
  | { type: 'drawn' };

export type PanelAction =
  /** Runs a command of this extension (and of no other). */
  | { kind: 'command'; command: string; args: unknown[] }
  /** Asks where to save and writes the file. Answered with the path or null. */
  | { kind: 'save'; suggestedName: string; text?: string; base64?: string }
  | { kind: 'open'; path: string; line?: number }
  | { kind: 'copy'; text: string }
  /** Shows a quick pick of models; answered with the model's name or null. */
  | { kind: 'pickModel' }
  /** Answered with what a model is called: a checkpoint by its run, a model by its folder. */
  | { kind: 'modelName'; model: string }
  | { kind: 'pickFile'; title: string; extensions: string[] }
  /** The tab's subject changed (kept across reloads). */
  | { kind: 'subject'; subject: Record<string, unknown> };

export type ToPanel =
  | { type: 'result'; id: CallId; result: unknown }
  | { type: 'error'; id: CallId; words: ErrorWords }
  /** A notification of the lab server. */
  | { type: 'notification'; method: string; params: unknown };
