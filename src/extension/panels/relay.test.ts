import { describe, expect, it } from 'vitest';
import { LabError } from '../../shared/errors.ts';
import { notification, request } from '../../shared/protocol/lab/message.ts';
import type { PanelAction, ToPanel } from '../../shared/protocol/panel.ts';
import { restricted } from '../../shared/errors.ts';
import { relay } from './relay.ts';
import type { PanelAccess, PanelServices } from './relay.ts';

const read = request<{ run: string }, string>('runs/read');
const launch = request<object, string>('sessions/launch', { needsTrust: true });
const changed = notification<{ runs: string[] }>('runs/changed');

function connected(services: Partial<PanelServices> = {}, access: Partial<PanelAccess> = {}) {
  const posted: ToPanel[] = [];
  const asked: string[] = [];
  const acted: PanelAction[] = [];
  const heard = new Map<string, (params: unknown) => void>();
  let send: (message: unknown) => void = () => undefined;
  const connection = relay(
    { requests: [read, launch], notifications: [changed], ...access },
    {
      post: (message) => posted.push(message),
      listen: (listener) => ((send = listener), { dispose: () => undefined }),
    },
    {
      trusted: () => true,
      request: async (spec) => (asked.push(spec.method), 'answer'),
      on: (spec, listener) => (heard.set(spec.method, listener), { dispose: () => heard.delete(spec.method) }),
      act: async (action) => (acted.push(action), null),
      ...services,
    },
  );
  const say = async (message: unknown): Promise<void> => {
    send(message);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { posted, asked, acted, heard, say, connection };
}

describe('a panel', () => {
  it('gets answers to what its kind may ask', async () => {
    const { posted, say } = connected();
    await say({ type: 'request', id: 'page:1', method: 'runs/read', params: { run: '/r' } });
    expect(posted).toEqual([{ type: 'result', id: 'page:1', result: 'answer' }]);
  });

  it('is refused every other method', async () => {
    const { posted, asked, say } = connected();
    for (const method of ['lab/shutdown', 'datasetView/open', '__proto__', 'constructor']) {
      await say({ type: 'request', id: 'page:1', method, params: {} });
    }
    expect(asked).toEqual([]);
    expect(posted.map((message) => message.type)).toEqual(['error', 'error', 'error', 'error']);
  });

  it('executes and writes nothing in Restricted Mode', async () => {
    const { posted, asked, say } = connected({ trusted: () => false });
    await say({ type: 'request', id: 'page:1', method: 'sessions/launch', params: {} });
    await say({ type: 'request', id: 'page:2', method: 'runs/read', params: {} });
    expect(asked).toEqual(['runs/read']);
    expect(posted[0]).toMatchObject({ type: 'error', id: 'page:1', words: restricted().words });
  });

  it('runs commands of this extension only', async () => {
    const { acted, posted, say } = connected();
    const command = (name: unknown) => ({
      type: 'action',
      id: 'page:1',
      action: { kind: 'command', command: name, args: [1] },
    });
    for (const name of ['workbench.action.quit', 'forgettingLab.x;y', 'xforgettingLab.stop', 3])
      await say(command(name));
    expect(acted).toEqual([]);
    expect(posted.every((message) => message.type === 'error')).toBe(true);
    await say(command('forgettingLab.stop'));
    expect(acted).toEqual([{ kind: 'command', command: 'forgettingLab.stop', args: [1] }]);
  });

  it('can cancel, and what runs is cancelled when it closes', async () => {
    const signals: AbortSignal[] = [];
    const { posted, say, connection } = connected({
      request: (_spec, _params, signal) => (signals.push(signal), new Promise(() => undefined)),
    });
    await say({ type: 'request', id: 'page:1', method: 'runs/read', params: {} });
    await say({ type: 'request', id: 'page:2', method: 'runs/read', params: {} });
    await say({ type: 'cancel', id: 'page:1' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    connection.dispose();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(posted).toEqual([]);
  });

  it('whose page is gone: what that page waited for is cancelled, and is not answered', async () => {
    const signals: AbortSignal[] = [];
    let answer: (value: string) => void = () => undefined;
    const { posted, say, connection } = connected({
      request: (_spec, _params, signal) => (signals.push(signal), new Promise((resolve) => (answer = resolve))),
    });
    await say({ type: 'request', id: 'page:1', method: 'runs/read', params: {} });
    const late = answer;
    connection.forget();
    await say({ type: 'request', id: 'next:1', method: 'runs/read', params: {} });
    late('for the page that is gone');
    answer('for the next page');
    await expect.poll(() => posted).toEqual([{ type: 'result', id: 'next:1', result: 'for the next page' }]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  it('is told errors with their remedy', async () => {
    const { posted, say } = connected({
      request: () => Promise.reject(new LabError('run-invalid', 'No run', { remedy: 'Choose one' })),
    });
    await say({ type: 'request', id: 'page:7', method: 'runs/read', params: {} });
    expect(posted).toEqual([{ type: 'error', id: 'page:7', words: { message: 'No run', remedy: 'Choose one' } }]);
  });

  it('hears the notifications of its kind until it closes', () => {
    const { posted, heard, connection } = connected();
    expect([...heard.keys()]).toEqual(['runs/changed']);
    heard.get('runs/changed')?.({ runs: ['/r'] });
    expect(posted).toEqual([{ type: 'notification', method: 'runs/changed', params: { runs: ['/r'] } }]);
    connection.dispose();
    expect(heard.size).toBe(0);
  });

  it('survives messages that are none', async () => {
    const { posted, asked, acted, say } = connected();
    const odd = [
      undefined,
      null,
      4,
      'x',
      [],
      {},
      { type: 'request' },
      { type: 'request', id: 1, method: 'runs/read' },
      { type: 'request', id: 'x'.repeat(1000), method: 'runs/read' },
      { type: 'request', id: 'page:1' },
      { type: 'action', id: 'page:2' },
    ];
    for (const message of odd) await say(message);
    await say({ type: 'action', id: 'page:3', action: { kind: 'save', suggestedName: 'a', text: 'b', base64: 'c' } });
    expect([...asked, ...acted]).toEqual([]);
    expect(posted.map((message) => 'id' in message && message.id)).toEqual(['page:1', 'page:2', 'page:3']);
  });
});

describe('what a page has opened in the server', () => {
  const open = request<object, { id: string }>('view/open');
  const adopt = request<{ id: string }, { id: string }>('view/get');
  const close = request<{ id: string }, null>('view/close');

  function opening(forPage: boolean) {
    const closed: string[] = [];
    let last = 0;
    let wait = Promise.resolve();
    const services: Partial<PanelServices> = {
      request: async (spec, params) => {
        if (spec.method === 'view/close') return (closed.push((params as { id: string }).id), null);
        const id = spec.method === 'view/get' ? (params as { id: string }).id : `view ${++last}`;
        await wait;
        return { id };
      },
    };
    const access = { requests: [open, adopt, close], owned: { open, adopt, close, forPage } };
    const one = connected(services, access);
    const begin = (): Promise<void> => one.say({ type: 'request', id: 'page:1', method: 'view/open', params: {} });
    return { ...one, closed, begin, hold: (until: Promise<void>) => void (wait = until) };
  }

  it('is closed when the panel closes, once', async () => {
    const { begin, say, closed, connection } = opening(false);
    await begin();
    await begin();
    await say({ type: 'request', id: 'page:2', method: 'view/close', params: { id: 'view 1' } });
    connection.dispose();
    connection.dispose();
    expect(closed).toEqual(['view 1', 'view 2']);
  });

  it('is closed with its page when it is for the page alone', async () => {
    const { begin, closed, connection } = opening(true);
    await begin();
    connection.forget();
    expect(closed).toEqual(['view 1']);
    // A page that went without a word: the next one does not know of its view.
    await begin();
    await begin();
    expect(closed).toEqual(['view 1', 'view 2']);
    connection.dispose();
    expect(closed).toEqual(['view 1', 'view 2', 'view 3']);
  });

  it('is closed with the panel that took it over, not with its page', async () => {
    const { say, closed, connection, hold } = opening(false);
    let arrive: () => void = () => undefined;
    hold(new Promise((resolve) => (arrive = resolve)));
    for (const id of ['page:1', 'page:2']) {
      await say({ type: 'request', id, method: 'view/get', params: { id: 'view 7' } });
    }
    connection.forget();
    arrive();
    await new Promise((resolve) => setTimeout(resolve));
    expect(closed).toEqual([]);
    connection.dispose();
    expect(closed).toEqual(['view 7']);
  });

  it('outlives the page when it is for the panel', async () => {
    const { begin, closed, connection } = opening(false);
    await begin();
    connection.forget();
    expect(closed).toEqual([]);
  });

  it('is closed when it comes after the panel has gone', async () => {
    const { begin, closed, connection, posted, hold } = opening(true);
    let arrive: () => void = () => undefined;
    hold(new Promise((resolve) => (arrive = resolve)));
    await begin();
    connection.dispose();
    expect(closed).toEqual([]);
    arrive();
    await expect.poll(() => closed).toEqual(['view 1']);
    expect(posted).toEqual([]);
  });
});
