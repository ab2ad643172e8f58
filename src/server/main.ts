// The lab server, one per workspace: `node dist/server.js --workspace DIR --state DIR`. Listens on a private socket, takes
// the workspace's lock, starts its parts, and ends by itself when it is not needed.
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { packageVersion } from '../runs/packageRoot.ts';
import { processStart } from '../runs/processes.ts';
import { describeError } from '../shared/errors.ts';
import { LAB_PROTOCOL_VERSION } from '../shared/protocol/lab/lifecycle.ts';
import { heartbeatMs } from '../shared/protocol/lab/place.ts';
import { readArguments } from './arguments.ts';
import type { ServerArguments } from './arguments.ts';
import type { ServerPart } from './context.ts';
import { datasetsPart } from './datasets/datasetsPart.ts';
import { datasetViewPart } from './datasetView/datasetViewPart.ts';
import { doctorPart } from './doctor/doctorPart.ts';
import { experimentsPart } from './experiments/experimentsPart.ts';
import { LabServer } from './labServer.ts';
import { writeLog } from './log.ts';
import { modelsPart } from './models/modelsPart.ts';
import { runsPart } from './runs/runsPart.ts';
import { takeSeat } from './seat.ts';
import type { Identity, Seat } from './seat.ts';
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
  // Before the seat is taken: who cannot work must not sit in it.
  await mkdir(given.state, { recursive: true, mode: 0o700 });
  const waiting: Socket[] = [];
  let connect = (socket: Socket): void => void waiting.push(socket);
  const token = randomBytes(32).toString('hex');
  const who: Identity = {
    pid: process.pid,
    processStart: processStart(process.pid),
    version: packageVersion,
    protocolVersion: LAB_PROTOCOL_VERSION,
    token,
    startedAt: new Date().toISOString(),
  };
  const taken = await takeSeat(given.workspace, who, (socket) => connect(socket));
  if ('other' in taken) {
    writeLog(`process ${taken.other.pid} serves this workspace already`);
    return;
  }
  const server = new LabServer({
    workspace: given.workspace,
    stateFolder: given.state,
    version: packageVersion,
    token,
    idleSeconds: given.idleSeconds,
    onEnd: () => void leave(taken.seat),
  });
  watchOver(server, taken.seat);
  await server.start(parts);
  connect = (socket) => server.connect(socket);
  for (const socket of waiting) server.connect(socket);
  server.log('info', `serving ${given.workspace} as process ${process.pid}`);
}

/** Renews the heartbeat, ends on signals, and survives faults in a part without hiding them. */
function watchOver(server: LabServer, seat: Seat): void {
  const beat = setInterval(() => {
    seat.keep().then(
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

async function leave(seat: Seat): Promise<void> {
  await seat.leave().catch(() => undefined); // a lock that cannot be removed is found stale by the next server
  // Whatever a part has left open must not keep a server alive that nobody can reach.
  process.exit();
}

try {
  await main(readArguments(process.argv.slice(2)));
} catch (error) {
  writeLog(`Error: ${describeError(error)}`);
  process.exitCode = 1;
}
