// Between a panel's page and the lab server: requests go on when their method is on the list of the panel's kind, come
// back as results or as errors with a remedy, and end when the page cancels them or goes away. Knows no editor, so that
// every rule can be tested.
import { errorWords, LabError, restricted } from '../../shared/errors.ts';
import type { NotificationSpec, RequestSpec } from '../../shared/protocol/lab/message.ts';
import type { CallId, PanelAction, ToPanel } from '../../shared/protocol/panel.ts';
import { isCancellation } from '../failure.ts';
import { parseFromPanel } from './messages.ts';
import { phrase } from '../../shared/phrase.ts';

/** What a kind of panel may ask for and hears. */
export interface PanelAccess {
  readonly requests: readonly RequestSpec<never, unknown>[];
  readonly notifications: readonly NotificationSpec<never>[];
  /**
   * What the page opens in the server and has to give back. A page can go without a word, so the relay does it: when the
   * panel ends, and when the page is drawn anew or hidden if `forPage` is set. A page then has one at a time.
   */
  readonly owned?: {
    readonly open: RequestSpec<never, { id: string }>;
    /** Takes over what another page left open, as after a reload of the window: it is this panel's from then on. */
    readonly adopt?: RequestSpec<{ id: string }, { id: string }>;
    readonly close: RequestSpec<{ id: string }, null>;
    readonly forPage: boolean;
  };
}

export interface Disposable {
  dispose(): void;
}

/** The page, as the relay sees it. */
export interface PanelPort {
  post(message: ToPanel): void;
  listen(listener: (message: unknown) => void): Disposable;
}

/** The editor's side, as the relay sees it. */
export interface PanelServices {
  trusted(): boolean;
  request(spec: RequestSpec<unknown, unknown>, params: unknown, signal: AbortSignal): Promise<unknown>;
  on(spec: NotificationSpec<unknown>, listener: (params: unknown) => void): Disposable;
  act(action: PanelAction): Promise<unknown>;
  drawn?(): void;
}

/** A connected page. */
export interface Relay extends Disposable {
  /** The page that was there is gone: cancels what it waited for and gives back what was opened for it alone. */
  forget(): void;
}

/** Connects a page until the result is disposed; what is still going on is then cancelled. */
export function relay(access: PanelAccess, port: PanelPort, services: PanelServices): Relay {
  const belongings = keepBelongings(access, services);
  const requests = new Map(access.requests.map((spec) => [spec.method, spec as RequestSpec<unknown, unknown>]));
  const calls = new Map<CallId, AbortController>();

  const ask = async (id: CallId, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> => {
    const abort = new AbortController();
    calls.set(id, abort);
    try {
      const result = await work(abort.signal);
      if (!abort.signal.aborted) port.post({ type: 'result', id, result: result ?? null });
    } catch (error) {
      // A page that cancelled has stopped waiting.
      if (!abort.signal.aborted) port.post(errorMessage(id, error));
    } finally {
      calls.delete(id);
    }
  };

  const receive = (raw: unknown): void => {
    const message = parseFromPanel(raw);
    switch (message?.type) {
      case 'request':
        void ask(message.id, (signal) => {
          const spec = requests.get(message.method);
          if (!spec) throw new LabError('usage', phrase('This panel may not ask for {0}', message.method.slice(0, 80)));
          if (spec.needsTrust && !services.trusted()) throw restricted();
          return belongings.request(spec, message.params, signal);
        });
        return;
      case 'cancel':
        calls.get(message.id)?.abort();
        return;
      case 'action':
        void ask(message.id, () => services.act(message.action));
        return;
      case 'drawn':
        services.drawn?.();
        return;
      case 'refused':
        port.post({ type: 'error', id: message.id, words: { message: message.reason } });
        return;
      case undefined:
    }
  };

  const parts = [
    port.listen(receive),
    ...access.notifications.map((spec) =>
      services.on(spec as NotificationSpec<unknown>, (params) =>
        port.post({ type: 'notification', method: spec.method, params }),
      ),
    ),
  ];
  const cancelAll = (): void => {
    for (const call of calls.values()) call.abort();
  };
  return {
    forget: () => {
      cancelAll();
      if (access.owned?.forPage) belongings.giveBack();
    },
    dispose: () => {
      for (const part of parts) part.dispose();
      cancelAll();
      belongings.giveBack();
    },
  };
}

/** Remembers what is open in the server, so that it can be closed when nobody is left to do so. */
function keepBelongings({ owned }: PanelAccess, services: PanelServices) {
  const opened = new Set<string>();
  const close = (id: string): void => {
    opened.delete(id);
    // A server that has gone has taken it along.
    if (owned) services.request(untyped(owned.close), { id }, new AbortController().signal).catch(() => undefined);
  };
  const giveBack = (): void => {
    for (const id of [...opened]) close(id);
  };
  return {
    giveBack,
    request: async (spec: RequestSpec<unknown, unknown>, params: unknown, signal: AbortSignal): Promise<unknown> => {
      if (spec.method === owned?.close.method) opened.delete((params as { id: string }).id);
      // Noted before the answer, which a page that is hidden meanwhile does not hear; giving back what is gone does no harm.
      if (spec.method === owned?.adopt?.method) opened.add((params as { id: string }).id);
      if (spec.method !== owned?.open.method) return services.request(spec, params, signal);
      // A page that opens something anew does not know what the page before it had open.
      if (owned.forPage) giveBack();
      const result = (await services.request(spec, params, signal)) as { id: string };
      opened.add(result.id);
      // It came too late: the page that asked is gone.
      if (signal.aborted) close(result.id);
      return result;
    },
  };
}

const untyped = (spec: RequestSpec<never, unknown>): RequestSpec<unknown, unknown> =>
  spec as RequestSpec<unknown, unknown>;

function errorMessage(id: CallId, error: unknown): ToPanel {
  const words = isCancellation(error) ? { message: phrase('cancelled') } : errorWords(error);
  return { type: 'error', id, words };
}
