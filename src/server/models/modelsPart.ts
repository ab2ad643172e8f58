// Registers the list of models and tells editors when it changes. Folders are looked at again from time to time while
// somebody is attached: watching a whole workspace for model folders costs more than it tells.
import { listModels, modelsChanged } from '../../shared/protocol/lab/models.ts';
import { describeError } from '../../shared/errors.ts';
import type { ServerContext } from '../context.ts';
import { ModelIndex } from './modelIndex.ts';

const pollMs = 15_000;

export function modelsPart(server: ServerContext): void {
  const index = new ModelIndex(server.workspace);
  /** Places that each editor has asked about last. */
  const watched = new Map<number, { folders: string[]; told: string }>();

  server.handle(listModels, async ({ folders = [] }, { client, signal }) => {
    const models = await index.list(folders, signal);
    const told = JSON.stringify(models);
    const before = watched.get(client);
    watched.set(client, { folders, told });
    // One part of an editor has seen the change; the others shall as well.
    if (before !== undefined && before.told !== told) server.send(client, modelsChanged, {});
    return models;
  });
  server.onClientGone((client) => watched.delete(client));

  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      for (const [client, { folders, told }] of watched) {
        const now = JSON.stringify(await index.list(folders));
        if (now === told || !watched.has(client)) continue;
        watched.set(client, { folders, told: now });
        server.send(client, modelsChanged, {});
      }
    } catch (error) {
      server.log('warning', `models could not be looked for: ${describeError(error)}`);
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), pollMs);
  timer.unref();
  server.onShutdown(() => clearInterval(timer));
}
