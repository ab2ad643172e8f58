// Whatever arrives on the socket harms nobody but the connection it came on.
import { expect, test } from 'vitest';
import { encodeFrame } from '../../src/shared/protocol/lab/frames.ts';
import { hello, LAB_PROTOCOL_VERSION, MAX_BODY_BYTES } from '../../src/shared/protocol/lab/lifecycle.ts';
import { listSessions } from '../../src/shared/protocol/lab/sessions.ts';
import type { ServerLock } from '../../src/shared/protocol/lab/place.ts';
import { RawClient } from './rawClient.ts';
import { testWorkspace, until } from './testWorkspace.ts';

type Bytes = string | Uint8Array;

const strangers: [string, Bytes][] = [
  ['an oversized header', `Content-Length: 10\r\nContent-Pad: ${'x'.repeat(10_000)}`],
  ['a huge Content-Length', 'Content-Length: 99999999999999\r\n\r\n'],
  ['more than a stranger may say', `Content-Length: ${1 << 20}\r\n\r\n`],
  ['garbage', Uint8Array.from({ length: 5000 }, (_, at) => (at * 7919) % 256)],
  ['HTTP', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['truncated JSON', 'Content-Length: 20\r\n\r\n{"jsonrpc": "2.0", "'],
  ['JSON that is no message', 'Content-Length: 2\r\n\r\n[]'],
];

const friends: [string, Bytes][] = [
  ['a body above the limit', `Content-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`],
  ['garbage after hello', 'not a frame'],
  ['bytes that are not UTF-8', Uint8Array.from([...Buffer.from('Content-Length: 4\r\n\r\n'), 0xff, 0xfe, 0xfd, 0xfc])],
];

async function greeted(lock: ServerLock): Promise<RawClient> {
  const client = await RawClient.open(lock);
  await client.hello(lock);
  return client;
}

test('garbage closes its connection and no other', async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer();
  const bystander = await greeted(lock);
  for (const [name, bytes] of strangers) {
    const client = await RawClient.open(lock);
    client.socket.write(bytes);
    await client.whenClosed();
    expect(await bystander.get(listSessions, {}), name).toEqual([]);
  }
  for (const [name, bytes] of friends) {
    const client = await greeted(lock);
    client.socket.write(bytes);
    await client.whenClosed();
    expect(await bystander.get(listSessions, {}), name).toEqual([]);
  }
});

test('half a frame and a quick goodbye leave nothing behind', async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer();
  const bystander = await greeted(lock);
  for (let count = 0; count < 100; count++) {
    const client = await RawClient.open(lock);
    client.socket.write(count % 2 ? 'Content-Length: 1000\r\n\r\n{"json' : 'Content-Le');
    client.socket.destroy();
  }
  expect(await bystander.get(listSessions, {})).toEqual([]);
});

test('messages that are odd, but messages, are survived', async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer();
  const client = await greeted(lock);
  const odd: object[] = [
    {},
    { jsonrpc: '1.0', id: 1, method: 'x' },
    { jsonrpc: '2.0', id: null, method: null },
    { jsonrpc: '2.0', id: { a: 1 }, method: 'sessions/list', params: 'text' },
    { jsonrpc: '2.0', id: 7, result: 'an answer that nobody asked for' },
    { jsonrpc: '2.0', method: 'no/such/notification', params: [1, 2, 3] },
    { jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 4711 } },
    { jsonrpc: '2.0', id: 901, method: 'sessions/launch', params: [1, 2] },
    { jsonrpc: '2.0', id: 902, method: '__proto__', params: {} },
    { jsonrpc: '2.0', id: 903, method: 'constructor' },
  ];
  for (const message of odd) client.socket.write(encodeFrame(message));
  const deep = `{"jsonrpc":"2.0","id":904,"method":"sessions/stop","params":${'{"a":'.repeat(9999)}1${'}'.repeat(9999)}}`;
  client.socket.write(`Content-Length: ${deep.length}\r\n\r\n${deep}`);
  expect(await client.get(listSessions, {})).toEqual([]);
  expect(client.received.find(({ id }) => id === 902)?.error?.message).toMatch(/does not know "__proto__"/);
});

test('more connections than any editor needs are turned away, and room is made again', async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer();
  const bystander = await greeted(lock);
  const many = await Promise.all(Array.from({ length: 200 }, () => RawClient.open(lock)));
  await Promise.race(many.map((one) => one.whenClosed()));
  expect(await bystander.get(listSessions, {})).toEqual([]);
  for (const one of many) one.socket.destroy();
  const late = await until('there is room', () => greeted(lock).catch(() => undefined));
  expect(await late.get(listSessions, {})).toEqual([]);
});

test('a client that only asks and never reads is dropped', { timeout: 120_000 }, async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer();
  const bystander = await greeted(lock);
  const client = await greeted(lock);
  client.socket.pause();
  // Each answer is an error that repeats the method: 60 KB a piece.
  const method = 'x'.repeat(60_000);
  for (let id = 1; id < 4000 && !client.socket.destroyed; id++) {
    const more = client.socket.write(encodeFrame({ jsonrpc: '2.0', id, method }));
    if (!more)
      await Promise.race([new Promise((resolve) => client.socket.once('drain', resolve)), client.whenClosed()]);
    if (client.socket.errored || client.closed) break;
  }
  expect(client.closed || client.socket.errored !== null).toBe(true);
  expect(await bystander.get(listSessions, {})).toEqual([]);
});

test('one who says nothing is sent away', { timeout: 30_000 }, async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer('--idle', '60');
  const client = await RawClient.open(lock);
  await client.whenClosed();
  const polite = await RawClient.open(lock);
  expect((await polite.ask(hello, { protocolVersion: LAB_PROTOCOL_VERSION, token: lock.token })).error).toBeUndefined();
});
