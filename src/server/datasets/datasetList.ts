// The dataset files of the workspace: found by a walk, recognised by their first rows, counted in the background. What is
// known of a file is kept as long as its size and time stay the same.
import { mkdir, open, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { readExamples } from '../../data/examples.ts';
import { slices } from '../../lab/slices.ts';
import { searchDepth, walkFolders } from '../../lab/walkFolders.ts';
import { isRunFolder } from '../../runs/runFolder.ts';
import { errorLine } from '../../shared/errors.ts';
import type { Provenance } from '../../shared/dataset.ts';
import type { DatasetFile, DatasetFormatName } from '../../shared/protocol/lab/datasets.ts';
import { DocumentText, splitText } from './documentText.ts';
import { RowTable } from './rowTable.ts';
import type { Words } from '../../shared/phrase.ts';

/** Bounds of a walk: a home folder as workspace must end. */
const mostFolders = 20_000;
const mostFiles = 2_000;
const skipped = new Set(['node_modules', 'runs', 'dist', 'checkpoints']);
/** Read of a file to recognise it. */
const headBytes = 1 << 16;
/** Larger files are listed without their rows; the dataset view counts them when it is opened. */
const countedBytes = 256 * 2 ** 20;
/** A list does not wait longer than this for a walk that takes its time, milliseconds. */
const waitMs = 250;
/** Changes are told at most this often, milliseconds. */
const tellMs = 500;

/** What is remembered of a file. */
interface Known {
  stamp: string;
  isDataset: boolean;
  format?: DatasetFormatName;
  rows?: number;
  badRows?: number;
  provenance?: Partial<Record<Provenance, number>>;
  problem?: Words;
  /** By name of the model. `stamp`: the model's folder as it was then. */
  perplexity?: Record<string, Perplexity & { stamp: string }>;
}

interface Perplexity {
  mean: number;
  std: number;
}

/** A model by its name, and its folder as it is or was. */
export interface StampedModel {
  name: string;
  stamp: string;
}

interface Found {
  path: string;
  bytes: number;
  known: Known;
}

export class DatasetList {
  private readonly workspace: string;
  private readonly notes: string;
  private readonly onChange: () => void;
  private readonly known = new Map<string, Known>();
  private files: Found[] = [];
  private walking: Promise<void> | undefined;
  private counting: Promise<void> | undefined;
  private stale = true;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  private loaded: Promise<void> | undefined;

  constructor(options: { workspace: string; stateFolder: string; onChange: () => void }) {
    this.workspace = options.workspace;
    this.notes = join(options.stateFolder, 'datasets.json');
    this.onChange = options.onChange;
  }

  /** The files as far as they are known; what is missing is told by `onChange`. */
  async list(model: StampedModel | undefined): Promise<DatasetFile[]> {
    if (this.stale) this.walk();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([this.walking, late]);
    clearTimeout(timer);
    return this.files.map(({ path, bytes, known }) => this.describe(path, bytes, known, model));
  }

  /** Files were created, changed or deleted. */
  changed(): void {
    this.stale = true;
    this.tell();
  }

  /** The perplexity of a whole file under a model, from somebody who has scored it. */
  async note(path: string, { name, stamp }: StampedModel, { mean, std }: Perplexity): Promise<void> {
    const info = await stat(path).catch(() => undefined);
    const known = this.known.get(path);
    if (!info || known?.stamp !== stampOf(info)) return;
    const before = known.perplexity?.[name];
    if (before?.mean === mean && before.std === std && before.stamp === stamp) return;
    known.perplexity = { ...known.perplexity, [name]: { mean, std, stamp } };
    this.tell();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.walking;
    await this.counting;
    await this.save();
  }

  private describe(path: string, bytes: number, known: Known, model: StampedModel | undefined): DatasetFile {
    const { format, rows, badRows, provenance, problem } = known;
    const noted = model && known.perplexity?.[model.name];
    // Of a folder that holds another model by now nothing is known.
    const perplexity = noted?.stamp === model?.stamp ? noted : undefined;
    return {
      path,
      name: relative(this.workspace, path).split(sep).join('/'),
      bytes,
      ...(rows === undefined ? {} : { rows, badRows: badRows ?? 0 }),
      ...(format === undefined ? {} : { format }),
      ...(provenance === undefined ? {} : { provenance }),
      ...(perplexity && model ? { perplexity: { model: model.name, mean: perplexity.mean, std: perplexity.std } } : {}),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  private walk(): void {
    this.stale = false;
    this.walking ??= this.search().finally(() => {
      this.walking = undefined;
      if (this.stale && !this.closed) this.walk();
    });
  }

  private async search(): Promise<void> {
    await (this.loaded ??= this.load());
    const found: Found[] = [];
    for await (const path of findFiles(this.workspace)) {
      if (this.closed) return;
      const info = await stat(path).catch(() => undefined);
      if (!info?.isFile()) continue;
      const stamp = stampOf(info);
      let known = this.known.get(path);
      if (known?.stamp !== stamp) {
        known = { stamp, ...(await recognise(path)) };
        this.known.set(path, known);
      }
      if (known.isDataset) found.push({ path, bytes: info.size, known });
    }
    found.sort((a, b) => a.path.localeCompare(b.path));
    const before = JSON.stringify(this.files.map(({ path, known }) => [path, known.stamp]));
    this.files = found;
    if (before !== JSON.stringify(found.map(({ path, known }) => [path, known.stamp]))) this.tell();
    this.counting ??= this.count();
  }

  /** Reads files whose rows are not known, one after another, until a look after the last saving finds none. */
  private async count(): Promise<void> {
    const failed = new Set<Known>();
    const next = (): Found | undefined =>
      this.files.find(
        ({ bytes, known }) =>
          known.rows === undefined && known.problem === undefined && bytes <= countedBytes && !failed.has(known),
      );
    do {
      for (let file = next(); file && !this.closed; file = next()) {
        failed.add(file.known);
        await this.countFile(file);
        this.tell();
      }
      await this.save();
    } while (next() && !this.closed);
    this.counting = undefined;
  }

  private async countFile({ path, known }: Found): Promise<void> {
    const pause = slices();
    let [rows, badRows] = [0, 0];
    const provenance: Partial<Record<Provenance, number>> = {};
    try {
      for await (const event of readExamples(path)) {
        await pause();
        if (this.closed || this.known.get(path) !== known) return;
        if (event.kind === 'dropped') badRows++;
        else {
          rows++;
          const from = event.example.provenance;
          provenance[from] = (provenance[from] ?? 0) + 1;
        }
      }
      Object.assign(known, { rows, badRows, provenance });
    } catch (error) {
      known.problem = errorLine(error);
    }
  }

  private tell(): void {
    if (this.closed) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.onChange();
    }, tellMs);
  }

  private async load(): Promise<void> {
    try {
      const notes = JSON.parse(await readFile(this.notes, 'utf8')) as { version: number; files: [string, Known][] };
      if (notes.version === notesVersion) for (const [path, known] of notes.files) this.known.set(path, known);
    } catch {
      // absent or damaged: the files are read again
    }
  }

  private async save(): Promise<void> {
    if (!this.loaded) return;
    const there = new Set(this.files.map(({ path }) => path));
    const files = [...this.known].filter(([path, { isDataset }]) => !isDataset || there.has(path));
    try {
      await mkdir(dirname(this.notes), { recursive: true });
      await writeFile(this.notes, JSON.stringify({ version: notesVersion, files }));
    } catch {
      // without room they are read again another day
    }
  }
}

/** Changed when files are recognised by other rules: those of another version are read again. */
const notesVersion = 2;

const stampOf = ({ size, mtimeMs }: { size: number; mtimeMs: number }): string => `${size}:${mtimeMs}`;

/** JSON Lines and JSON files that may be datasets, outside of packages, dot folders and runs. */
async function* findFiles(root: string): AsyncGenerator<string> {
  let [folders, files] = [0, 0];
  const walk = walkFolders(root, {
    skipped,
    enter: (_, depth) => depth <= searchDepth && ++folders <= mostFolders,
    isLeaf: (path, depth) => depth > 0 && isRunFolder(path),
  });
  for await (const { path, entries } of walk) {
    for (const entry of entries) {
      const { name } = entry;
      if (entry.isDirectory() || !/\.jsonl?$/i.test(name) || /\.experiment\.json$/i.test(name)) continue;
      if (++files > mostFiles) return;
      yield join(path, name);
    }
  }
}

/** Looks at the first rows. */
async function recognise(path: string): Promise<{ isDataset: boolean; format?: DatasetFormatName; problem?: Words }> {
  try {
    const head = await readHead(path);
    const lines = splitText(head.text);
    // The last line may be cut; an array cut in the middle still shows its first elements.
    if (!head.whole && lines.length > 1) lines.pop();
    const table = new RowTable(new DocumentText(lines), path);
    await table.rebuild(() => true);
    const { format } = table;
    return { isDataset: isListed(table, lines), ...(format === undefined ? {} : { format }) };
  } catch (error) {
    return { isDataset: false, problem: errorLine(error) };
  }
}

/** An empty JSON Lines file is not listed; one of which no row can be read is, with its problem. */
function isListed(table: RowTable, lines: readonly string[]): boolean {
  return table.isDataset && lines.some((line) => line.trim() !== '');
}

async function readHead(path: string): Promise<{ text: string; whole: boolean }> {
  const handle = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(headBytes);
    const { bytesRead } = await handle.read(bytes, 0, headBytes, 0);
    const text = new TextDecoder().decode(bytes.subarray(0, bytesRead), { stream: true });
    return { text, whole: bytesRead < headBytes };
  } finally {
    await handle.close();
  }
}
