// The lab server between its socket and its parts: who is attached, which part answers a message, and when it is time to go.
import type { Socket } from 'node:net';
import { ErrorCodes } from 'vscode-jsonrpc/node';
import { LabError, restricted } from '../shared/errors.ts';
import { joined, phrase } from '../shared/phrase.ts';
import type { Words } from '../shared/phrase.ts';
import { serverLog, shutdown } from '../shared/protocol/lab/lifecycle.ts';
import type { NotificationSpec, RequestSpec } from '../shared/protocol/lab/message.ts';
import { ClientConnection } from './connection.ts';
import type { ConnectionServer } from './connection.ts';
import type { CallContext, Handler, ServerContext, ServerPart } from './context.ts';
import { writeLog } from './log.ts';
import { faultResponse } from './responseErrors.ts';

/** More at once can only be a fault; an editor window needs one. */
const mostConnections = 64;

export interface LabServerOptions {
  workspace: string;
  stateFolder: string;
  version: string;
  token: string;
  idleSeconds: number;
  /** Called when it has ended: nobody attached and nothing held, asked to, or ended from outside. */
  onEnd: (why: string) => void;
}

interface Route {
  handler: Handler<unknown, unknown>;
  needsTrust: boolean;
}

export class LabServer implements ServerContext, ConnectionServer {
  readonly workspace: string;
  readonly stateFolder: string;
  readonly version: string;
  readonly token: string;
  readonly startedAt = new Date().toISOString();
  private readonly options: LabServerOptions;
  private readonly routes = new Map<string, Route>();
  private readonly listeners = new Map<string, ((params: unknown, context: CallContext) => void)[]>();
  private readonly clients = new Map<number, ClientConnection>();
  private readonly holds = new Map<number, { reason: Words; passesOn: boolean }>();
  private readonly goneListeners: ((client: number) => void)[] = [];
  private readonly trustedListeners: (() => void)[] = [];
  private readonly endListeners: (() => Promise<void> | void)[] = [];
  private trusted = false;
  private nextId = 1;
  private idleTimer: NodeJS.Timeout | undefined;
  private ending = false;

  constructor(options: LabServerOptions) {
    this.options = options;
    this.workspace = options.workspace;
    this.stateFolder = options.stateFolder;
    this.version = options.version;
    this.token = options.token;
    this.handle(shutdown, (_, { client }) => this.shutDownFor(client));
    this.watchIdle();
  }

  /** Starts the parts. One that fails to start is said in the log and leaves the others alone. */
  async start(parts: readonly ServerPart[]): Promise<void> {
    for (const part of parts) {
      try {
        await part(this);
      } catch (error) {
        this.log(
          'error',
          `a part of the server did not start: ${error instanceof Error ? error.stack : String(error)}`,
        );
      }
    }
  }

  /** Takes a new connection. */
  connect(socket: Socket): void {
    if (this.clients.size >= mostConnections || this.ending) {
      socket.destroy();
      return;
    }
    const id = this.nextId++;
    this.clients.set(id, new ClientConnection(id, socket, this));
  }

  handle<Params, Result>(spec: RequestSpec<Params, Result>, handler: Handler<Params, Result>): void {
    if (this.routes.has(spec.method)) throw new Error(`${spec.method} has two handlers`);
    this.routes.set(spec.method, {
      handler: handler as Handler<unknown, unknown>,
      needsTrust: spec.needsTrust === true,
    });
  }

  onNotification<Params>(
    spec: NotificationSpec<Params>,
    handler: (params: Params, context: CallContext) => void,
  ): void {
    const listeners = this.listeners.get(spec.method) ?? [];
    this.listeners.set(spec.method, [...listeners, handler as (params: unknown, context: CallContext) => void]);
  }

  broadcast<Params>(spec: NotificationSpec<Params>, params: Params): void {
    for (const client of this.attachedClients()) client.send(spec.method, params);
  }

  send<Params>(client: number, spec: NotificationSpec<Params>, params: Params): void {
    const connection = this.clients.get(client);
    if (connection?.standing === 'attached') connection.send(spec.method, params);
  }

  log(level: 'info' | 'warning' | 'error', message: string): void {
    writeLog(`${new Date().toISOString()} ${level} ${message}`);
    this.broadcast(serverLog, { level, message });
  }

  onTrusted(listener: () => void): void {
    if (this.trusted) listener();
    else this.trustedListeners.push(listener);
  }

  onClientGone(listener: (client: number) => void): void {
    this.goneListeners.push(listener);
  }

  hold(reason: Words, takenUpBy?: 'next'): () => void {
    const id = this.nextId++;
    this.holds.set(id, { reason, passesOn: takenUpBy === 'next' });
    this.watchIdle();
    return () => {
      this.holds.delete(id);
      this.watchIdle();
    };
  }

  onShutdown(listener: () => Promise<void> | void): void {
    this.endListeners.push(listener);
  }

  async answer(method: string, params: unknown, context: CallContext & { trusted: boolean }): Promise<unknown> {
    const route = this.routes.get(method);
    if (!route) {
      throw faultResponse(ErrorCodes.MethodNotFound, phrase('The lab server does not know "{0}"', method));
    }
    if (route.needsTrust && !context.trusted) {
      throw restricted();
    }
    const { signal, client } = context;
    return route.handler(params ?? {}, { signal, client });
  }

  take(method: string, params: unknown, context: CallContext): void {
    for (const listener of this.listeners.get(method) ?? []) {
      try {
        listener(params ?? {}, context);
      } catch (error) {
        this.log('error', `${method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      }
    }
  }

  attached(client: ClientConnection): void {
    this.log('info', `${client.name} attached (connection ${client.id}${client.trusted ? '' : ', restricted'})`);
    this.watchIdle();
    if (!client.trusted || this.trusted) return;
    this.trusted = true;
    for (const listener of this.trustedListeners) listener();
  }

  gone(client: ClientConnection): void {
    if (!this.clients.delete(client.id)) return;
    if (client.standing === 'attached') {
      for (const listener of this.goneListeners) listener(client.id);
      this.log('info', `${client.name} has gone (connection ${client.id})`);
    }
    this.watchIdle();
  }

  /** Ends the server: parts first, then connections. What runs in session processes goes on. */
  async end(why: string): Promise<void> {
    if (this.ending) return;
    this.ending = true;
    clearTimeout(this.idleTimer);
    try {
      this.log('info', `the server ends: ${why}`);
      for (const listener of this.endListeners) {
        try {
          await listener();
        } catch (error) {
          this.log('error', `while ending: ${error instanceof Error ? error.stack : String(error)}`);
        }
      }
      for (const client of this.clients.values()) client.close();
    } finally {
      // Whatever fails: one that answers nobody must not keep the place.
      this.options.onEnd(why);
    }
  }

  private attachedClients(): ClientConnection[] {
    return [...this.clients.values()].filter(({ standing }) => standing === 'attached');
  }

  private shutDownFor(client: number): null {
    const reasons = [...this.holds.values()].flatMap(({ reason, passesOn }) => (passesOn ? [] : [reason]));
    const others = this.attachedClients().filter(({ id }) => id !== client).length;
    if (others === 1) reasons.push(phrase('another editor is attached'));
    if (others > 1) reasons.push(phrase('{0} other editors are attached', others));
    if (reasons.length > 0) {
      throw new LabError('server-unavailable', phrase('The lab server does not end now: {0}', joined(reasons)), {
        remedy: phrase('Let it finish or stop it first, and close the other windows of this workspace'),
      });
    }
    // After the answer is on its way.
    setTimeout(() => void this.end('an editor asked for it'), 50);
    return null;
  }

  private watchIdle(): void {
    clearTimeout(this.idleTimer);
    if (this.ending || this.holds.size > 0 || this.attachedClients().length > 0) return;
    this.idleTimer = setTimeout(
      () => void this.end('nobody is attached and nothing runs'),
      this.options.idleSeconds * 1000,
    );
  }
}
