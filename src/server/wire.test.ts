import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Message } from 'vscode-jsonrpc/node';
import { FrameWriter } from './wire.ts';

async function connected(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = await accepted;
  onTestFinished(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

test('a client that does not read is given up above a limit', async () => {
  const { near, far } = await connected();
  far.pause();
  const writer = new FrameWriter(near, 1 << 20);
  const errors: string[] = [];
  writer.onError(([error]) => errors.push(error.message));
  const message = { jsonrpc: '2.0', method: 'x', params: 'y'.repeat(1 << 16) } as Message;
  for (let count = 0; count < 1000 && errors.length === 0; count++) {
    await writer.write(message);
    await new Promise(setImmediate);
  }
  expect(errors[0]).toMatch(/client that does not read/);
  // What the system buffers on its own is a few megabytes.
  expect(near.bytesWritten).toBeLessThan(20 << 20);
});
