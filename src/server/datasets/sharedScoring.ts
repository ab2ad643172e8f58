// The scoring service of a server: one for all parts, so that nothing is loaded or computed twice.
import type { ServerContext } from '../context.ts';
import { ScoringService } from './scoringService.ts';

const services = new WeakMap<ServerContext, ScoringService>();

/** The server's scoring service; it ends with the server. */
export function sharedScoring(server: ServerContext): ScoringService {
  const known = services.get(server);
  if (known) return known;
  const { workspace, stateFolder } = server;
  const service = new ScoringService({ workspace, stateFolder });
  services.set(server, service);
  server.onShutdown(() => service.close());
  return service;
}
