// Keeps a document in step with the lab server. The server reads clean files itself; only edits travel, and the text of
// documents that are not on disk as the editor shows them, in pieces that never hold up the editor.
import type { DatasetChanges, OpenDataset, OpenedDataset, TextProbe } from '../../shared/protocol/lab/datasets.ts';

/** A document as far as it matters here. */
export interface SyncedText {
  readonly uri: string;
  readonly path: string;
  readonly version: number;
  readonly lineCount: number;
  /** The file on disk holds another text, or there is none. */
  readonly isDirty: boolean;
  line(index: number): string;
  /** Lines from `from` up to but without `to`, joined by line feeds. */
  lines(from: number, to: number): string;
}

export interface SyncLab {
  open(params: OpenDataset): Promise<OpenedDataset>;
  change(params: DatasetChanges): void;
  close(params: { uri: string }): void;
  /** Asked after a text was sent in pieces. */
  isDataset(uri: string, version: number): Promise<boolean>;
}

/** Characters of one piece of a text, and lines that are looked at to guess how many lines that is. */
const pieceLength = 400_000;
const probes = 12;
/** Behind the end of every text; the server moves it to the end. */
const behindEnd = { line: 0x7fff_fff0, character: 0x7fff_fff0 };

export class SyncedDocument {
  private readonly text: SyncedText;
  private readonly lab: SyncLab;
  private opening: Promise<boolean> | undefined;
  /** What the opening came to, and what was learned since. */
  private isDataset: boolean | undefined;
  private following = false;
  private queued: DatasetChanges[] = [];
  private mustSend = false;
  private epoch = 0;

  constructor(text: SyncedText, lab: SyncLab) {
    this.text = text;
    this.lab = lab;
  }

  /** Opens the document if it is not open; whether it is a dataset. */
  ready(): Promise<boolean> {
    if (!this.opening) {
      const opening = this.open();
      this.opening = opening;
      opening.then(
        (isDataset) => {
          if (this.opening === opening) this.isDataset = isDataset;
        },
        () => {
          if (this.opening === opening) this.opening = undefined;
        },
      );
    }
    return this.opening;
  }

  /** The server has read the text anew and says whether it is a dataset now; whether that is news. */
  learned(isDataset: boolean): boolean {
    if (this.isDataset === undefined || this.isDataset === isDataset) return false;
    this.isDataset = isDataset;
    this.opening = Promise.resolve(isDataset);
    return true;
  }

  /** The document was edited. */
  changed(changes: DatasetChanges): void {
    if (!this.opening) return;
    if (this.following) this.lab.change(changes);
    else this.queued.push(changes);
  }

  /** The server has another text: everything is sent. */
  lost(): void {
    this.mustSend = true;
    this.forget();
  }

  /** The server is a new one. */
  forget(): void {
    this.opening = undefined;
    this.isDataset = undefined;
    this.following = false;
    this.queued = [];
    this.epoch++;
  }

  close(): void {
    if (this.opening) this.lab.close({ uri: this.text.uri });
    this.forget();
  }

  private async open(): Promise<boolean> {
    const { text } = this;
    const { epoch } = this;
    this.queued = [];
    this.following = false;
    if (!text.isDirty && !this.mustSend) {
      const { uri, path, version } = text;
      const opened = await this.lab.open({ uri, path, version, probe: probeOf(text) });
      if (this.epoch !== epoch) return this.ready();
      if (opened.inStep) {
        this.follow();
        return opened.isDataset;
      }
    }
    return this.sendText(epoch);
  }

  private async sendText(epoch: number): Promise<boolean> {
    const { text, lab } = this;
    const { uri, path } = text;
    for (;;) {
      const { version } = text;
      this.queued = [];
      const pieces = piecesOf(text);
      const first = pieces.next();
      let done = first.value?.last !== false;
      const opened = await lab.open({
        uri,
        path,
        version,
        text: first.value?.text ?? '',
        ...(done ? {} : { partial: true }),
      });
      while (!done && text.version === version && this.epoch === epoch) {
        await new Promise((resolve) => {
          setTimeout(resolve, 0);
        });
        if (text.version !== version || this.epoch !== epoch) break;
        const piece = pieces.next().value;
        if (!piece) break;
        done = piece.last;
        const changes = [{ range: { start: behindEnd, end: behindEnd }, text: piece.text }];
        lab.change({ uri, version, changes, lineCount: text.lineCount, ...(done ? {} : { partial: true }) });
      }
      if (this.epoch !== epoch) return this.ready();
      // An edit in between: what was sent is of no use.
      if (!done) continue;
      this.mustSend = false;
      this.follow();
      return pieces.sent === 1 ? opened.isDataset : lab.isDataset(uri, version);
    }
  }

  private follow(): void {
    this.following = true;
    for (const changes of this.queued.splice(0)) this.lab.change(changes);
  }
}

/** A few lines spread over the document. */
export function probeOf(text: SyncedText): TextProbe {
  const { lineCount } = text;
  const chosen = new Set([0, lineCount - 1]);
  for (let k = 1; k < probes; k++) chosen.add(Math.floor((k * lineCount) / probes));
  return { lineCount, lines: [...chosen].map((line) => ({ line, text: text.line(line) })) };
}

interface Piece {
  text: string;
  last: boolean;
}

/** The text in pieces of about equal length; joined they are the text. */
function piecesOf(text: SyncedText): { next(): { value: Piece | undefined }; readonly sent: number } {
  let line = 0;
  let sent = 0;
  return {
    get sent() {
      return sent;
    },
    next() {
      if (line >= text.lineCount) return { value: undefined };
      const from = line;
      let length = 0;
      while (line < text.lineCount && (line === from || length < pieceLength)) length += text.line(line++).length + 1;
      const last = line >= text.lineCount;
      sent++;
      return { value: { text: text.lines(from, line) + (last ? '' : '\n'), last } };
    },
  };
}
