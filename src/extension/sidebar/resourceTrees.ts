// The datasets and models views.
import * as vscode from 'vscode';
import { datasetsChanged, listDatasets } from '../../shared/protocol/lab/datasets.ts';
import type { DatasetFile } from '../../shared/protocol/lab/datasets.ts';
import { listModels, modelsChanged } from '../../shared/protocol/lab/models.ts';
import type { ModelSummary } from '../../shared/protocol/lab/models.ts';
import type { NotificationSpec } from '../../shared/protocol/lab/message.ts';
import { describeFailure } from '../failure.ts';
import { modelFolders } from '../modelFolders.ts';
import type { Workbench } from '../workbench.ts';
import { themeIcon } from './experimentsTree.ts';
import { datasetDetails, datasetRow, modelRow, modelTooltip } from './resourceRows.ts';
import type { Row } from './rows.ts';

/** Larger files are not handed to extensions by the editor; they open in the dataset view. */
const editorLimitBytes = 50 * 1024 * 1024;
const drawMs = 250;

export interface DatasetNode {
  kind: 'dataset' | 'detail';
  path: string;
  dataset: DatasetFile;
  /** Index of the detail. */
  detail?: number;
}

export interface ModelNode {
  kind: 'model';
  /** What an experiment file's `model` takes. */
  path: string;
  model: ModelSummary;
}

/** A flat list from the server that is loaded when the view is first seen and again when it changed. */
abstract class ListTree<Node> implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  protected readonly workbench: Workbench;
  private readonly drawn = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.drawn.event;
  readonly view: vscode.TreeView<Node>;
  private readonly parts: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;
  private failed = false;

  constructor(workbench: Workbench, id: string, changed: NotificationSpec<Record<string, never>>) {
    this.workbench = workbench;
    this.view = vscode.window.createTreeView(id, { treeDataProvider: this });
    this.parts = [
      this.drawn,
      this.view,
      workbench.lab.on(changed, () => this.redraw()),
      workbench.lab.onDidChangeState((state) => {
        if (state === 'attached' && this.failed) this.redraw();
      }),
      workbench.annotationModel.onDidChange(() => this.redraw()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('forgettingLab.models.folders')) this.redraw();
      }),
    ];
  }

  /** Loads again when somebody looks. */
  redraw(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.drawn.fire(undefined);
    }, drawMs);
  }

  protected abstract roots(): Promise<Node[]>;
  protected abstract under(node: Node): Node[];
  abstract getTreeItem(node: Node): vscode.TreeItem;

  async getChildren(node?: Node): Promise<Node[]> {
    if (node) return this.under(node);
    try {
      const nodes = await this.roots();
      this.failed = false;
      this.view.message = '';
      return nodes;
    } catch (error) {
      this.failed = true;
      // Where nothing works, the experiments view says so once.
      this.view.message =
        this.workbench.lab.state === 'failed' ? '' : (describeFailure(error, vscode.l10n.t)?.text ?? '');
      return [];
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const part of this.parts) part.dispose();
  }
}

export class DatasetsTree extends ListTree<DatasetNode> {
  constructor(workbench: Workbench) {
    super(workbench, 'forgettingLab.datasets', datasetsChanged);
  }

  protected override async roots(): Promise<DatasetNode[]> {
    const datasets = await this.workbench.lab.request(listDatasets, { model: this.workbench.annotationModel.name });
    return datasets.map((dataset) => ({ kind: 'dataset', path: dataset.path, dataset }));
  }

  protected override under({ kind, path, dataset }: DatasetNode): DatasetNode[] {
    if (kind === 'detail') return [];
    return datasetDetails(dataset, vscode.l10n.t).map((_, detail) => ({ kind: 'detail', path, dataset, detail }));
  }

  override getTreeItem({ path, dataset, detail }: DatasetNode): vscode.TreeItem {
    const uri = vscode.Uri.file(path);
    if (detail !== undefined) {
      const shown = datasetDetails(dataset, vscode.l10n.t)[detail];
      const item = new vscode.TreeItem(shown?.label ?? '');
      item.id = `dataset:${path}|${shown?.id}`;
      item.description = shown?.description ?? '';
      return item;
    }
    const item = itemOf(datasetRow(dataset, vscode.l10n.t), `dataset:${path}`);
    item.resourceUri = uri;
    item.tooltip = path;
    item.command =
      dataset.bytes > editorLimitBytes
        ? { command: 'vscode.openWith', title: '', arguments: [uri, 'forgettingLab.datasetView'] }
        : { command: 'vscode.open', title: '', arguments: [uri] };
    return item;
  }
}

export class ModelsTree extends ListTree<ModelNode> {
  constructor(workbench: Workbench) {
    super(workbench, 'forgettingLab.models', modelsChanged);
  }

  protected override async roots(): Promise<ModelNode[]> {
    const models = await this.workbench.lab.request(listModels, { folders: modelFolders() });
    return models.map((model) => ({ kind: 'model', path: model.name, model }));
  }

  protected override under(): ModelNode[] {
    return [];
  }

  override getTreeItem({ model }: ModelNode): vscode.TreeItem {
    const annotates = model.name === this.workbench.annotationModel.name;
    const item = itemOf(modelRow(model, annotates, vscode.l10n.t), `model:${model.name}`);
    item.tooltip = modelTooltip(model, vscode.l10n.t);
    return item;
  }
}

function itemOf(row: Row, id: string): vscode.TreeItem {
  const item = new vscode.TreeItem(
    row.label,
    row.open === 'leaf' ? vscode.TreeItemCollapsibleState.None : vscode.TreeItemCollapsibleState.Collapsed,
  );
  item.id = id;
  item.description = row.description;
  item.contextValue = row.context;
  item.iconPath = themeIcon(row.icon);
  item.accessibilityInformation = { label: row.accessible };
  return item;
}
