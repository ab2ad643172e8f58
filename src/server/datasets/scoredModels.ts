// Models as the scoring service knows them: text side and identity without an engine, and a few engines with weights that
// are given back when nobody has used them for a while.
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { isAbsolute, join, resolve } from 'node:path';
import { startEngine } from '../../engine/client.ts';
import type { Engine, ModelInfo } from '../../engine/engine.ts';
import { pocketModelFolder } from '../../runs/packageRoot.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { ScoringModel } from '../../shared/protocol/lab/datasets.ts';
import { createTextDesk, ModelTexts, type TextDesk } from '../texts/modelTexts.ts';
import { changedMeanwhile } from '../texts/textSides.ts';

/** A model whose texts can be encoded. `hash` names weights, tokenizer and template together. */
export interface OpenedModel extends ModelFolder {
  readonly texts: ModelTexts;
  readonly hash: string;
}

/** A model folder as it was at one moment. */
export interface ModelFolder {
  readonly choice: ScoringModel;
  readonly folder: string;
  /** Another one when the folder holds other files. */
  readonly stamp: string;
}

export interface LoadedEngine {
  engine: Engine;
  info: ModelInfo;
}

/** Engines that keep their weights in memory at the same time. */
const mostEngines = 2;
/** An unused engine goes after so long, milliseconds. */
const idleMs = 120_000;
/** As for sessions: an engine that has died so often in this time, milliseconds, is not started again. */
const mostDeaths = 5;
const deathsWithinMs = 180_000;
/** Models that are known without looking into their folders again. */
const mostOpened = 64;
/** Training and typing come first. */
const enginePriority = 10;

interface EngineSlot {
  folder: string;
  stamp: string;
  key: string;
  /** There before its weights are: an engine that still loads can be ended. */
  engine: Promise<Engine>;
  loaded: Promise<LoadedEngine>;
  timer: NodeJS.Timeout | undefined;
  users: number;
  /** Its process has died. */
  dead: boolean;
}

export interface ScoredModelsOptions {
  workspace: string;
  /** Folder for what is known about models. */
  folder: string;
  start?: typeof startEngine;
  /** Default: a thread of its own. It is closed with the models. */
  texts?: TextDesk;
}

export class ScoredModels {
  private readonly options: ScoredModelsOptions;
  private readonly opened = new Map<string, { stamp: string; model: Promise<OpenedModel> }>();
  private readonly desk: TextDesk;
  private readonly slots: EngineSlot[] = [];
  /** When engines of a folder died. */
  private readonly deaths = new Map<string, number[]>();
  private closed = false;

  constructor(options: ScoredModelsOptions) {
    this.options = options;
    this.desk = options.texts ?? createTextDesk();
  }

  /** Absolute folder of a model as settings name it. */
  folderOf(name: string): string {
    if (name === 'pocket') return pocketModelFolder;
    return isAbsolute(name) ? name : resolve(this.options.workspace, name);
  }

  /** Tells one state of a model's folder from the next, without an engine. */
  stampOf(name: string): Promise<string> {
    return stampOf(this.folderOf(name));
  }

  /** The model as it lies on disk now. Weights are only read when they are not known yet. */
  async open(choice: ScoringModel): Promise<OpenedModel> {
    const folder = this.folderOf(choice.name);
    const stamp = await stampOf(folder);
    const key = placeKey(folder, choice);
    const known = this.opened.get(key);
    // The last one is the one used last.
    this.opened.delete(key);
    if (known?.stamp === stamp) {
      this.opened.set(key, known);
      return known.model;
    }
    const opening = { stamp, model: this.read({ choice, folder, stamp }) };
    this.opened.set(key, opening);
    for (const oldest of [...this.opened.keys()].slice(0, -mostOpened)) this.opened.delete(oldest);
    // A failure is not kept: the folder may be complete at the next attempt.
    opening.model.catch(() => {
      if (this.opened.get(key) === opening) this.opened.delete(key);
    });
    return opening.model;
  }

  /** Does something with a model's engine, which stays loaded for whoever comes next. */
  async withEngine<T>(model: ModelFolder, action: (loaded: LoadedEngine) => Promise<T>) {
    this.requireSteady(model.folder);
    const slot = this.slotOf(model);
    slot.users++;
    clearTimeout(slot.timer);
    try {
      const loaded = await slot.loaded;
      return await action(loaded);
    } catch (error) {
      if (this.closed) throw serverEnds();
      if (error instanceof LabError && error.code === 'engine-died') {
        this.forget(slot);
        this.countDeath(slot);
        throw died(error);
      }
      throw error;
    } finally {
      slot.users--;
      if (slot.users === 0 && this.slots.includes(slot)) this.waitIdle(slot);
    }
  }

  /** Engines that are loaded now. */
  get engines(): number {
    return this.slots.length;
  }

  /** Waits for no engine that still loads. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.slots.splice(0).map(end), this.desk.close()]);
  }

  private async read(model: ModelFolder): Promise<OpenedModel> {
    const texts = await ModelTexts.open(this.desk, model);
    const weightsHash = await this.weightsHash(model);
    return { ...model, texts, hash: shortHash([weightsHash, texts.hash]) };
  }

  /** From the notes of an earlier time when the folder has not changed since, else from an engine that loads it. */
  private async weightsHash(model: ModelFolder): Promise<string> {
    const { folder, stamp } = model;
    const file = join(this.options.folder, 'models.json');
    const notes = await readNotes(file);
    const note = notes[folder];
    if (note?.stamp === stamp) return note.weightsHash;
    const weightsHash = await this.withEngine(model, async ({ info }) => info.weightsHash);
    try {
      await mkdir(this.options.folder, { recursive: true });
      await writeFile(file, JSON.stringify({ ...(await readNotes(file)), [folder]: { stamp, weightsHash } }));
    } catch {
      // What cannot be noted is asked again another day.
    }
    return weightsHash;
  }

  private slotOf(model: ModelFolder): EngineSlot {
    const { choice, folder, stamp } = model;
    const key = shortHash([placeKey(folder, choice), stamp]);
    const there = this.slots.find((slot) => slot.key === key);
    if (there) {
      // The last one is the one used last.
      this.slots.push(...this.slots.splice(this.slots.indexOf(there), 1));
      return there;
    }
    for (const slot of this.slots.filter(({ users }) => users === 0)) {
      const outdated = slot.folder === folder && slot.stamp !== stamp;
      if (outdated || this.slots.length >= mostEngines) this.drop(slot);
    }
    const engine = (this.options.start ?? startEngine)({ priority: enginePriority });
    const loaded = this.load(engine, model);
    const slot: EngineSlot = { folder, stamp, key, engine, loaded, timer: undefined, users: 0, dead: false };
    this.slots.push(slot);
    slot.loaded.catch(() => this.forget(slot));
    return slot;
  }

  private async load(starting: Promise<Engine>, { choice, folder, stamp }: ModelFolder): Promise<LoadedEngine> {
    const engine = await starting;
    try {
      const info = await engine.load({
        folder,
        ...(choice.device === undefined ? {} : { device: choice.device }),
        ...(choice.threads ? { threads: choice.threads } : {}),
      });
      // Other weights must never be taken for those that were asked for.
      if ((await stampOf(folder)) !== stamp) throw changedMeanwhile(folder);
      return { engine, info };
    } catch (error) {
      await engine.dispose().catch(() => undefined);
      throw error;
    }
  }

  /** Throws when the engine of a model dies again and again. */
  private requireSteady(folder: string): void {
    if (this.closed) throw serverEnds();
    const recent = (this.deaths.get(folder) ?? []).filter((at) => Date.now() - at < deathsWithinMs);
    this.deaths.set(folder, recent);
    if (recent.length < mostDeaths) return;
    throw new LabError('engine-died', phrase('The engine for {0} ended {1} times in 3 minutes', folder, mostDeaths), {
      remedy: phrase('Look into the log, select another model, or try again in a few minutes'),
    });
  }

  /** Once, however many waited for it. */
  private countDeath(slot: EngineSlot): void {
    if (slot.dead) return;
    slot.dead = true;
    this.deaths.set(slot.folder, [...(this.deaths.get(slot.folder) ?? []), Date.now()]);
  }

  private waitIdle(slot: EngineSlot): void {
    slot.timer = setTimeout(() => this.drop(slot), idleMs);
    slot.timer.unref();
  }

  private forget(slot: EngineSlot): void {
    clearTimeout(slot.timer);
    const index = this.slots.indexOf(slot);
    if (index >= 0) this.slots.splice(index, 1);
  }

  private drop(slot: EngineSlot): void {
    this.forget(slot);
    void end(slot);
  }
}

const placeKey = (folder: string, { device = 'auto', threads = 0 }: ScoringModel): string =>
  JSON.stringify([folder, device, threads]);

const shortHash = (words: unknown): string =>
  createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 32);

/** Ends an engine, in the middle of loading too: a large model may take minutes. */
async function end(slot: EngineSlot): Promise<void> {
  clearTimeout(slot.timer);
  const engine = await slot.engine.catch(() => undefined);
  await engine?.dispose().catch(() => undefined);
}

const serverEnds = (): LabError => new LabError('engine-died', phrase('the lab server is ending'));

function died(error: LabError): LabError {
  return new LabError('engine-died', error.words.message, {
    remedy: phrase('Select a smaller model for annotations, or give it more memory'),
    cause: error,
  });
}

/** Changes when weights, tokenizer, template or configuration of a folder are written. */
export async function stampOf(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const wanted = names.filter((name) => /\.(safetensors|json|jinja)$/.test(name)).sort();
  const stamps = await Promise.all(
    wanted.map(async (name) => {
      const info = await stat(join(folder, name)).catch(() => undefined);
      return info ? `${name}:${info.size}:${info.mtimeMs}` : name;
    }),
  );
  return shortHash(stamps);
}

async function readNotes(file: string): Promise<Record<string, { stamp: string; weightsHash: string } | undefined>> {
  try {
    const notes: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof notes === 'object' && notes !== null
      ? (notes as Record<string, { stamp: string; weightsHash: string }>)
      : {};
  } catch {
    return {}; // absent or damaged: asked again
  }
}
