// The experiments view: rows from the model, checks, filter, order and stars.
import * as vscode from 'vscode';
import { say } from '../../shared/phrase.ts';
import { compareRuns } from '../../shared/protocol/lab/runs.ts';
import type { Comparison } from '../../shared/protocol/lab/runs.ts';
import { servedOfSeveral } from '../servedFolder.ts';
import type { Workbench } from '../workbench.ts';
import type { Order } from './experimentsModel.ts';
import type { ExperimentsStore } from './experimentsStore.ts';
import { runOfNode } from './nodes.ts';
import type { ExperimentsNode, RunNode } from './nodes.ts';
import { rowOf, runText } from './rows.ts';
import type { Row } from './rows.ts';
import { runTooltip } from './runTooltip.ts';

/** Siblings that a tooltip compares with. */
const comparedSiblings = 5;

export class ExperimentsTree implements vscode.TreeDataProvider<ExperimentsNode>, vscode.Disposable {
  readonly view: vscode.TreeView<ExperimentsNode>;
  /** Folders of checked runs. */
  readonly checked = new Set<string>();
  private readonly drawn = new vscode.EventEmitter<ExperimentsNode[] | undefined>();
  readonly onDidChangeTreeData = this.drawn.event;
  private readonly parts: vscode.Disposable[];
  private readonly store: ExperimentsStore;
  private readonly workbench: Workbench;

  constructor(workbench: Workbench, store: ExperimentsStore) {
    this.workbench = workbench;
    this.store = store;
    const { workspaceState } = workbench.context;
    store.model.stars = new Set(workspaceState.get<string[]>('stars', []));
    store.model.order = workspaceState.get<Order>('order', 'newest');
    store.model.rowText = (run) => runText(run, store.model, vscode.l10n.t);
    this.view = vscode.window.createTreeView('forgettingLab.experiments', {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
      manageCheckboxStateManually: true,
    });
    this.parts = [
      this.view,
      this.drawn,
      this.view.onDidChangeCheckboxState(({ items }) => this.check(items)),
      store.onDidChange(({ all, nodes }) => {
        // Without a list the welcome text says that nothing works and leads to the log.
        this.view.message = store.model.loaded ? (store.failure ?? servedOfSeveral() ?? '') : '';
        if (all) this.countChecks();
        this.drawn.fire(all ? undefined : nodes);
      }),
    ];
  }

  async getChildren(node?: ExperimentsNode): Promise<ExperimentsNode[]> {
    if (node) return this.store.model.children(node);
    // After a failure the tree waits to be asked for, or for the server: drawing must not try again and again.
    if (!this.store.model.loaded && this.store.failure === undefined) {
      const location = { viewId: 'forgettingLab.experiments' };
      await vscode.window.withProgress({ location }, () => this.store.ensure());
    }
    return this.store.model.roots();
  }

  getParent(node: ExperimentsNode): ExperimentsNode | undefined {
    return this.store.model.parent(node);
  }

  getTreeItem(node: ExperimentsNode): vscode.TreeItem {
    const row = rowOf(node, this.store.model, vscode.l10n.t);
    const item = new vscode.TreeItem(row?.label ?? '', row ? collapsible[row.open] : undefined);
    // A row that has been a leaf stays closed when it gets children, unless it is another row then.
    item.id = row?.open === 'leaf' ? `${node.id}|leaf` : node.id;
    if (!row) return item;
    item.description = row.description;
    item.contextValue = row.context;
    item.iconPath = themeIcon(row.icon);
    item.accessibilityInformation = { label: row.accessible };
    if (node.kind === 'session') {
      const title = vscode.l10n.t('Show Result and Log');
      item.command = { title, command: 'forgettingLab.internal.readSession', arguments: [node] };
    }
    if (row.checkable && node.kind === 'run') item.checkboxState = this.checkbox(node);
    return item;
  }

  private checkbox(node: RunNode): NonNullable<vscode.TreeItem['checkboxState']> {
    const state = this.checked.has(node.path)
      ? vscode.TreeItemCheckboxState.Checked
      : vscode.TreeItemCheckboxState.Unchecked;
    const tooltip = vscode.l10n.t('Compare this run');
    return { state, tooltip, accessibilityInformation: { label: tooltip } };
  }

  /** Tooltips are made when they are looked at: they ask what differs from the siblings. */
  async resolveTreeItem(
    item: vscode.TreeItem,
    node: ExperimentsNode,
    token: vscode.CancellationToken,
  ): Promise<vscode.TreeItem> {
    item.tooltip = await this.tooltip(item, node, token);
    return item;
  }

  private async tooltip(
    item: vscode.TreeItem,
    node: ExperimentsNode,
    token: vscode.CancellationToken,
  ): Promise<string | vscode.MarkdownString> {
    const { model } = this.store;
    const plain = item.accessibilityInformation?.label ?? '';
    if (node.kind === 'experiment')
      return say(model.experiment(node.key)?.problem ?? node.path ?? plain, vscode.l10n.t);
    if (node.kind === 'session') return say(model.session(node.session)?.reason ?? plain, vscode.l10n.t);
    const run = node.kind === 'run' ? model.run(node.path) : undefined;
    if (!run) return node.path ?? plain;
    const comparison = run.state === 'corrupt' ? undefined : await this.compare(run.folder, token);
    return new vscode.MarkdownString(runTooltip({ run, state: model.state(run), comparison }, vscode.l10n.t));
  }

  private async compare(folder: string, token: vscode.CancellationToken): Promise<Comparison | undefined> {
    const readable = this.store.model.siblings(folder).filter(({ state }) => state !== 'corrupt');
    const runs = [folder, ...readable.slice(0, comparedSiblings).map((run) => run.folder)];
    if (runs.length < 2) return undefined;
    // A tooltip without the comparison is better than none.
    return this.workbench.lab.request(compareRuns, { runs }, token).catch(() => undefined);
  }

  private check(items: readonly (readonly [ExperimentsNode, vscode.TreeItemCheckboxState])[]): void {
    for (const [node, state] of items) {
      const run = runOfNode(node);
      if (run === undefined) continue;
      if (state === vscode.TreeItemCheckboxState.Checked) this.checked.add(run);
      else this.checked.delete(run);
    }
    this.countChecks();
  }

  /** Tells the title bar; runs that have been deleted do not count. */
  private countChecks(): void {
    void vscode.commands.executeCommand('setContext', 'forgettingLab.checkedRuns', this.checkedRuns().length);
  }

  /** Checked runs that are still there. */
  checkedRuns(): string[] {
    return [...this.checked].filter((run) => this.store.model.run(run) !== undefined);
  }

  async star(runs: readonly string[], starred: boolean): Promise<void> {
    const stars = new Set(this.store.model.stars);
    for (const run of runs) {
      if (starred) stars.add(run);
      else stars.delete(run);
    }
    this.store.model.stars = stars;
    this.store.redraw();
    await this.workbench.context.workspaceState.update('stars', [...stars]);
  }

  async sort(order: Order): Promise<void> {
    this.store.model.order = order;
    this.store.redraw();
    await this.workbench.context.workspaceState.update('order', order);
  }

  filter(text: string): void {
    const wanted = text.trim();
    if (wanted === this.store.model.filter) return;
    this.store.model.filter = wanted;
    this.view.description = wanted;
    void vscode.commands.executeCommand('setContext', 'forgettingLab.filtered', wanted !== '');
    this.store.redraw();
  }

  /** Brings a row into sight, and at least the view when old work has no row any more. */
  async reveal(node: ExperimentsNode): Promise<void> {
    const { model } = this.store;
    const parent = model.parent(node);
    if (parent && !model.roots().includes(parent)) this.filter('');
    if ((parent ? model.children(parent) : model.roots()).includes(node))
      await this.view.reveal(node, { select: true, focus: true });
    else await vscode.commands.executeCommand('forgettingLab.experiments.focus');
  }

  dispose(): void {
    for (const part of this.parts) part.dispose();
  }
}

const collapsible: Record<Row['open'], vscode.TreeItemCollapsibleState> = {
  leaf: vscode.TreeItemCollapsibleState.None,
  closed: vscode.TreeItemCollapsibleState.Collapsed,
  open: vscode.TreeItemCollapsibleState.Expanded,
};

export const themeIcon = ({ name, colour }: Row['icon']): vscode.ThemeIcon =>
  new vscode.ThemeIcon(name, colour === undefined ? undefined : new vscode.ThemeColor(colour));
