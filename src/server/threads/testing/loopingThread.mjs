// A thread that answers what it was asked, or never.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ id, kind, request }) => {
  while (kind === 'loop');
  parentPort.postMessage({ id, result: request });
});
