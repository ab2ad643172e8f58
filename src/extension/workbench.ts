// What every feature of the extension gets: the lab server, panels, trust, and the places where commands are registered.
import type * as vscode from 'vscode';
import type { ScoringModel } from '../shared/protocol/lab/datasets.ts';
import type { NotificationSpec, RequestSpec } from '../shared/protocol/lab/message.ts';

export type LabState = 'stopped' | 'starting' | 'attached' | 'failed';

/** The connection to the lab server. The server is started or attached to on the first request. */
export interface Lab {
  readonly state: LabState;
  readonly onDidChangeState: vscode.Event<LabState>;
  /** Sends a request. Rejects with a LabError whose message and remedy can be shown as they are. */
  request<Params, Result>(
    spec: RequestSpec<Params, Result>,
    params: Params,
    token?: vscode.CancellationToken,
  ): Promise<Result>;
  /** Sends a notification; dropped while not attached. */
  notify<Params>(spec: NotificationSpec<Params>, params: Params): void;
  on<Params>(spec: NotificationSpec<Params>, listener: (params: Params) => void): vscode.Disposable;
}

/** Kinds of panels; each has a bundle `dist/webview/KIND.js` and a style sheet beside it. */
export type PanelKind = 'heatmap' | 'monitor' | 'targetDiff' | 'compare';

export interface Panels {
  /** Shows the panel of a kind for a subject (a run folder, a pair of files), creating it if it is not open. */
  show(kind: PanelKind, subject: PanelSubject): void;
}

/** What a panel is about: kept across reloads, so plain JSON. `title` is what the tab says. */
export interface PanelSubject {
  title: string;
  [key: string]: unknown;
}

/** What models and checkpoints are called. */
export interface ModelNames {
  /** Of a checkpoint of a run; undefined for anything else. */
  of(model: string): Promise<string | undefined>;
  /** In a line of text: a checkpoint by its run, a model by its folder. */
  nameOf(model: string): Promise<string>;
}

/** The model whose perplexity and token colours are shown in datasets. */
export interface AnnotationModel {
  /** `pocket`, or the folder of a model or checkpoint. */
  readonly name: string;
  readonly onDidChange: vscode.Event<void>;
  /** With device and threads, as requests take it. */
  scoring(): ScoringModel;
  /** For this workspace. */
  choose(name: string): Promise<void>;
}

export interface Workbench {
  readonly context: vscode.ExtensionContext;
  readonly lab: Lab;
  readonly names: ModelNames;
  readonly annotationModel: AnnotationModel;
  readonly panels: Panels;
  readonly log: vscode.LogOutputChannel;
  /** Whether the workspace is trusted: nothing is executed or written before. */
  readonly trusted: () => boolean;
  /**
   * Registers a command of package.json. The handler's errors are shown with their remedy. `needsTrust`: refused with an
   * explanation in Restricted Mode.
   */
  readonly command: (id: string, handler: (...args: unknown[]) => unknown, options?: { needsTrust?: boolean }) => void;
}

/** Every feature exports one of these; what it creates goes to `context.subscriptions`. */
export type Feature = (workbench: Workbench) => void;
