// The compiled graphs of one model besides training. Weights that can no longer change are constants of a graph: the runtime
// then packs them for its matrix products once instead of at each run. Weights of a model that trains are fed at each run.
import type { Tensor } from 'onnxruntime-node';
import type { Session, Slot } from './executor.ts';
import type { LoadedModel } from './loadedModel.ts';

/** Every session keeps a packed copy of all its constants. So much may the sessions of one model keep together. */
const MAX_CONSTANT_BYTES = 2 * 1024 ** 3;

/** With room for fewer sessions, alternating prompt passes and token passes would compile anew each time. */
const MIN_SESSIONS = 3;

/** A graph and what it is run with. */
export interface Pass {
  /** Tells this graph from all others of the model. */
  key: string;
  /** Whether the graph takes the adapter's tensors. */
  adapter: boolean;
  /** @param constants names of the weights that are to be constants. */
  build(constants: ReadonlySet<string>): Uint8Array;
  /** Outputs that stay on the device. */
  deviceOutputs?: readonly string[];
}

export class ModelSessions {
  /** Least recently used first. */
  private readonly sessions = new Map<string, Session>();
  private readonly limit: number;

  constructor(private readonly model: LoadedModel) {
    const room = Math.floor(MAX_CONSTANT_BYTES / model.bytes);
    // Packed products differ in the last bits from others, so the choice hangs on the model alone and not on what ran before.
    const constant = model.isFrozen && model.executor.provider === 'cpu' && room >= MIN_SESSIONS;
    this.limit = constant ? room : Infinity;
  }

  private get weightsAreConstant(): boolean {
    return this.limit < Infinity;
  }

  /** Runs a pass with the model's weights, see Executor.run. */
  async run(
    pass: Pass,
    feeds: Record<string, Tensor>,
    into: ReadonlyMap<string, Slot>,
    read: readonly string[],
  ): Promise<Record<string, Tensor>> {
    const session = await this.session(pass);
    const weights = this.weightsAreConstant ? {} : this.model.weightFeeds(pass);
    return this.model.executor.run(session, { ...weights, ...feeds }, into, read);
  }

  private async session(pass: Pass): Promise<Session> {
    const session = this.sessions.get(pass.key) ?? (await this.compile(pass));
    this.sessions.delete(pass.key);
    this.sessions.set(pass.key, session);
    return session;
  }

  private async compile(pass: Pass): Promise<Session> {
    const [oldest] = this.sessions;
    if (oldest && this.sessions.size >= this.limit) {
      this.sessions.delete(oldest[0]);
      await oldest[1].release();
    }
    const constants = this.weightsAreConstant ? this.model.weightFeeds(pass) : {};
    const bytes = pass.build(new Set(Object.keys(constants)));
    return this.model.executor.compile(bytes, { constants, deviceOutputs: pass.deviceOutputs ?? [] });
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await session.release();
    this.sessions.clear();
  }
}
