// Between a panel's page and the lab server: requests go on when their method is on the list of the panel's kind, come
// back as results or as errors with a remedy, and end when the page cancels them or goes away. Knows no editor, so that
// every rule can be tested.
import { LabError } from '../../shared/errors.ts';
import type { NotificationSpec, RequestSpec } from '../../shared/protocol/lab/message.ts';
import type { PanelAction, ToPanel } from '../../shared/protocol/panel.ts';
import { isCancellation } from '../failure.ts';
import { parseFromPanel } from './messages.ts';

/** What a kind of panel may ask for and hears. */
export interface PanelAccess {
  readonly requests: readonly RequestSpec<never, unknown>[];
  readonly notifications: readonly NotificationSpec<never>[];
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

/** Connects a page until the result is disposed; what is still going on is then cancelled. */
export function relay(access: PanelAccess, port: PanelPort, services: PanelServices): Disposable {
  const requests = new Map(access.requests.map((spec) => [spec.method, spec as RequestSpec<unknown, unknown>]));
  const calls = new Map<number, AbortController>();

  const ask = async (id: number, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> => {
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
          if (!spec) throw new LabError('usage', `This panel may not ask for ${message.method.slice(0, 80)}`);
          if (spec.needsTrust && !services.trusted()) throw restricted();
          return services.request(spec, message.params, signal);
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
        port.post({ type: 'error', id: message.id, message: message.reason });
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
  return {
    dispose: () => {
      for (const part of parts) part.dispose();
      for (const call of calls.values()) call.abort();
    },
  };
}

/** What is told wherever something is refused in Restricted Mode. */
export function restricted(): LabError {
  return new LabError('usage', 'Nothing is executed or written in Restricted Mode', {
    remedy: 'Trust the workspace first',
  });
}

function errorMessage(id: number, error: unknown): ToPanel {
  if (isCancellation(error)) return { type: 'error', id, message: 'cancelled' };
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof LabError ? error.remedy : undefined;
  return { type: 'error', id, message, ...(remedy === undefined ? {} : { remedy }) };
}
