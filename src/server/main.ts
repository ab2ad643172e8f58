// The lab server, one per workspace: `node dist/server.js --workspace DIR --state DIR`. Listens on a private socket, takes
// the workspace's lock, starts its parts, and ends by itself when it is not needed.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { packageVersion } from '../runs/packageRoot.ts';
import { processStart } from '../runs/processes.ts';
import { describeError } from '../shared/errors.ts';
import { LAB_PROTOCOL_VERSION } from '../shared/protocol/lab/lifecycle.ts';
import { endpointOf, heartbeatMs } from '../shared/protocol/lab/place.ts';
import type { ServerPlace } from '../shared/protocol/lab/place.ts';
import { readArguments } from './arguments.ts';
import type { ServerArguments } from './arguments.ts';
import type { ServerPart } from './context.ts';
import { datasetsPart } from './datasets/datasetsPart.ts';
import { datasetViewPart } from './datasetView/datasetViewPart.ts';
import { doctorPart } from './doctor/doctorPart.ts';
import { experimentsPart } from './experiments/experimentsPart.ts';
import { LabServer } from './labServer.ts';
import { takeServerLock } from './lock.ts';
import type { HeldLock } from './lock.ts';
import { modelsPart } from './models/modelsPart.ts';
import { placeOf, preparePlace } from './place.ts';
import { runsPart } from './runs/runsPart.ts';
import { sessionsPart } from './sessions/sessionsPart.ts';
import { targetDiffPart } from './targetDiff/targetDiffPart.ts';

/** Everything that answers messages. */
const parts: readonly ServerPart[] = [
  runsPart,
  sessionsPart,
  experimentsPart,
  modelsPart,
  doctorPart,
  datasetsPart,
  targetDiffPart,
  datasetViewPart,
];

async function main(given: ServerArguments): Promise<void> {
  const place = await placeOf(given.workspace);
  await preparePlace(place);
  const endpoint = endpointOf(place, process.platform, randomBytes(8).toString('hex'));
  const waiting: Socket[] = [];
  const listener = createServer((socket) => waiting.push(socket));
  // Listening comes before the lock, so that an endpoint in a lock always accepts.
  await listen(listener, endpoint);
  const token = randomBytes(32).toString('hex');
  const now = new Date().toISOString();
  const taken = await takeServerLock(place, {
    pid: process.pid,
    processStart: processStart(process.pid),
    version: packageVersion,
    protocolVersion: LAB_PROTOCOL_VERSION,
    token,
    endpoint,
    startedAt: now,
    heartbeatAt: now,
  });
  if ('other' in taken) {
    process.stderr.write(`process ${taken.other.pid} serves this workspace already\n`);
    listener.close();
    return;
  }
  const server = new LabServer({
    workspace: given.workspace,
    stateFolder: given.state,
    version: packageVersion,
    token,
    idleSeconds: given.idleSeconds,
    onEnd: () => void leave(listener, taken.held),
  });
  watchOver(server, taken.held);
  await removeOldSockets(place, endpoint);
  await mkdir(given.state, { recursive: true, mode: 0o700 });
  await server.start(parts);
  listener.removeAllListeners('connection').on('connection', (socket) => server.connect(socket));
  for (const socket of waiting) server.connect(socket);
  server.log('info', `serving ${given.workspace} as process ${process.pid}`);
}

function listen(listener: Server, endpoint: string): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(endpoint, () => {
      listener.off('error', reject);
      resolve();
    });
  });
}

/** Sockets of servers that were killed. */
async function removeOldSockets(place: ServerPlace, endpoint: string): Promise<void> {
  for (const name of await readdir(place.folder)) {
    const file = join(place.folder, name);
    if (name.endsWith('.sock') && file !== endpoint) await rm(file, { force: true });
  }
}

/** Renews the heartbeat, ends on signals, and survives faults in a part without hiding them. */
function watchOver(server: LabServer, lock: HeldLock): void {
  const beat = setInterval(() => {
    lock.beat().then(
      (ours) => (ours ? undefined : server.end('another server has taken over')),
      (error: unknown) => server.log('error', `the heartbeat failed: ${describeError(error)}`),
    );
  }, heartbeatMs);
  server.onShutdown(() => clearInterval(beat));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void server.end(`signal ${signal}`));
  }
  process.on('unhandledRejection', (error) => server.log('error', `unhandled: ${stackOf(error)}`));
  process.on('uncaughtException', (error) => {
    server.log('error', `uncaught: ${stackOf(error)}`);
    process.exitCode = 1;
    void server.end('an internal error');
  });
}

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

async function leave(listener: Server, lock: HeldLock): Promise<void> {
  listener.close();
  await lock.release().catch(() => undefined); // a lock that cannot be removed is found stale by the next server
  // Whatever a part has left open must not keep a server alive that nobody can reach.
  process.exit();
}

try {
  await main(readArguments(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`Error: ${describeError(error)}\n`);
  process.exitCode = 1;
}
