// The panel's side of src/shared/protocol/panel.ts: requests to the lab server, its notifications, actions of the editor,
// texts in the editor's language, and state that outlives a reload.
import type { NotificationSpec, RequestSpec } from '../../src/shared/protocol/lab/message.ts';
import { onOneLine } from '../../src/shared/errors.ts';
import type { ErrorWords } from '../../src/shared/errors.ts';
import { fillIn, say as sayIn } from '../../src/shared/phrase.ts';
import type { Words } from '../../src/shared/phrase.ts';
import type { CallId, FromPanel, PanelAction, PanelBoot, ToPanel } from '../../src/shared/protocol/panel.ts';

interface EditorApi {
  postMessage(message: FromPanel): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): EditorApi;

const editor = acquireVsCodeApi();

interface KeptState {
  kind: string;
  subject: Record<string, unknown>;
  /** What the page was opened with when it came to be about `subject`. */
  from: Record<string, unknown>;
  [key: string]: unknown;
}

const opened = JSON.parse(document.getElementById('boot')?.textContent ?? '{}') as PanelBoot;
const before = editor.getState() as Partial<KeptState> | undefined;

/**
 * What the page was opened with. A hidden page is built again from the same text when it is shown: it is then about what it
 * had come to be about, until the editor opens it with something else.
 */
export const boot: PanelBoot = { ...opened, subject: (sameAsBefore() && before?.subject) || opened.subject };

function sameAsBefore(): boolean {
  return JSON.stringify(before?.from) === JSON.stringify(opened.subject);
}

/** A request that failed: what happened and what to do about it. */
export class RequestError extends Error {
  readonly words: ErrorWords;

  constructor(words: ErrorWords) {
    super(say(words.message));
    this.name = 'RequestError';
    this.words = words;
  }
}

/** Message and remedy in one line, for any thrown value. */
export function errorText(error: unknown): string {
  if (error instanceof RequestError) return say(onOneLine(error.words));
  return error instanceof Error ? error.message : String(error);
}

/** Whether a request ended because it was cancelled, which nobody needs to hear about. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

const waiting = new Map<CallId, Waiting>();
const listeners = new Map<string, Set<(params: unknown) => void>>();
/** Answers to the page that was here before find nobody waiting. */
const pageId = crypto.getRandomValues(new Uint32Array(4)).join('-');
let calls = 0;

addEventListener('message', (event: MessageEvent<ToPanel>) => {
  const message = event.data;
  switch (message.type) {
    case 'result':
      waiting.get(message.id)?.resolve(message.result);
      waiting.delete(message.id);
      return;
    case 'error':
      waiting.get(message.id)?.reject(new RequestError(message.words));
      waiting.delete(message.id);
      return;
    case 'notification':
      for (const listener of [...(listeners.get(message.method) ?? [])]) listener(message.params);
  }
});

function ask(send: (id: CallId) => FromPanel, signal?: AbortSignal): Promise<unknown> {
  const id = `${pageId}:${++calls}`;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      if (waiting.delete(id)) editor.postMessage({ type: 'cancel', id });
      reject(new DOMException('cancelled', 'AbortError'));
    };
    if (signal?.aborted) {
      abort();
      return;
    }
    signal?.addEventListener('abort', abort, { once: true });
    const settle =
      <T>(end: (value: T) => void) =>
      (value: T): void => {
        signal?.removeEventListener('abort', abort);
        end(value);
      };
    waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
    editor.postMessage(send(id));
  });
}

/** Asks the lab server. Rejects with a RequestError, or with an AbortError when `signal` ends it. */
export function request<Params, Result>(
  spec: RequestSpec<Params, Result>,
  params: Params,
  signal?: AbortSignal,
): Promise<Result> {
  return ask((id) => ({ type: 'request', id, method: spec.method, params }), signal) as Promise<Result>;
}

/** Hears a notification of the lab server until the returned function is called. */
export function on<Params>(spec: NotificationSpec<Params>, listener: (params: Params) => void): () => void {
  const untyped = listener as (params: unknown) => void;
  const set = listeners.get(spec.method) ?? new Set();
  listeners.set(spec.method, set.add(untyped));
  return () => set.delete(untyped);
}

/** Has the editor do something; see PanelAction for the answers. */
export function action(wanted: PanelAction): Promise<unknown> {
  return ask((id) => ({ type: 'action', id, action: wanted }));
}

/** Saves text or bytes where the user says; the path, or null when the user thought better of it. */
export async function save(file: { suggestedName: string; text?: string; base64?: string }): Promise<string | null> {
  return (await action({ kind: 'save', ...file })) as string | null;
}

let kept: KeptState = { ...before, kind: boot.kind, subject: boot.subject, from: opened.subject };
// The editor hands this state to the extension when it brings the tab back, so it names kind and subject.
editor.setState(kept);

/** What the panel wrote with `keep` before it was reloaded, if anything. */
export function remembered<T>(key: string): T | undefined {
  return kept[`panel.${key}`] as T | undefined;
}

/** Remembers a plain value across reloads. */
export function keep(key: string, value: unknown): void {
  kept = { ...kept, [`panel.${key}`]: value };
  editor.setState(kept);
}

/** The tab is about something else now. */
export function setSubject(subject: Record<string, unknown>): void {
  kept = { ...kept, subject };
  editor.setState(kept);
  void action({ kind: 'subject', subject });
}

/** An English text in the editor's language, with `{0}`, `{1}`... filled in. */
export function text(english: string, ...values: (string | number)[]): string {
  return fillIn(boot.texts[english] ?? english, values);
}

/** Words of the server in the editor's language. */
export function say(words: Words): string {
  return sayIn(words, text);
}

/** Tells the extension, and tests, that the panel shows its data. */
export function drawn(): void {
  if (document.body.dataset['drawn'] === undefined) editor.postMessage({ type: 'drawn' });
  document.body.dataset['drawn'] = String(Number(document.body.dataset['drawn'] ?? 0) + 1);
}
