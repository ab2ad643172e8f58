// Colour Tokens: every visible token by how hard it is to predict. The kinds differ by their underline as well, and in
// high contrast by outlines instead of fills (the fills are transparent there, the outlines everywhere else).
import * as vscode from 'vscode';
import { describeError } from '../../shared/errors.ts';
import type { Workbench } from '../workbench.ts';
import { colourKinds, planColours, type ColourKind } from './colourPlan.ts';
import type { OpenDatasets } from './openDatasets.ts';

/** Scrolling is followed at this pace, milliseconds. */
const followMs = 60;

export class TokenColours implements vscode.Disposable {
  private readonly types = new Map<ColourKind, vscode.TextEditorDecorationType>();
  private readonly coloured = new Set<vscode.TextEditor>();
  private readonly parts: vscode.Disposable[];
  private readonly workbench: Workbench;
  private readonly datasets: OpenDatasets;
  private timer: NodeJS.Timeout | undefined;
  private round = 0;

  constructor(workbench: Workbench, datasets: OpenDatasets) {
    this.workbench = workbench;
    this.datasets = datasets;
    const soon = (): void => this.soon();
    this.parts = [
      datasets.onDidChangeRows(soon),
      vscode.window.onDidChangeTextEditorVisibleRanges(soon),
      vscode.window.onDidChangeVisibleTextEditors(soon),
      vscode.workspace.onDidChangeTextDocument(({ contentChanges }) => {
        if (contentChanges.length > 0) soon();
      }),
    ];
    this.soon();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.round++;
    for (const part of [...this.parts, ...this.types.values()]) part.dispose();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const round = ++this.round;
      const visible = vscode.window.visibleTextEditors;
      for (const editor of this.coloured) if (!visible.includes(editor)) this.coloured.delete(editor);
      for (const editor of visible) void this.colour(editor, round);
    }, followMs);
  }

  private async colour(editor: vscode.TextEditor, round: number): Promise<void> {
    const { document, visibleRanges } = editor;
    if (!this.datasets.annotations(document).colourTokens) {
      this.clear(editor);
      return;
    }
    try {
      if (!(await this.datasets.ready(document))) {
        this.clear(editor);
        return;
      }
      const { version } = document;
      const lines = visibleRanges.map(({ start, end }) => ({ from: start.line, to: end.line }));
      const rows = (await Promise.all(lines.map((some) => this.datasets.rows(document, some, true)))).flat();
      if (round !== this.round || document.version !== version) return;
      const plan = planColours(rows, visibleRanges);
      for (const kind of colourKinds) {
        const ranges = plan[kind].map(
          ({ start, end }) => new vscode.Range(start.line, start.character, end.line, end.character),
        );
        editor.setDecorations(this.typeOf(kind), ranges);
      }
      this.coloured.add(editor);
    } catch (error) {
      this.workbench.log.debug(`${document.fileName} is not coloured: ${describeError(error)}`);
    }
  }

  private clear(editor: vscode.TextEditor): void {
    if (!this.coloured.delete(editor)) return;
    for (const type of this.types.values()) editor.setDecorations(type, []);
  }

  private typeOf(kind: ColourKind): vscode.TextEditorDecorationType {
    const there = this.types.get(kind);
    if (there) return there;
    const type = vscode.window.createTextEditorDecorationType({
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
      ...looks[kind],
    });
    this.types.set(kind, type);
    return type;
  }
}

const fill = (kind: ColourKind): vscode.DecorationRenderOptions => ({
  backgroundColor: new vscode.ThemeColor(`forgettingLab.token.${kind}`),
  borderRadius: '2px',
});
const outline = (style: string, width: string): vscode.DecorationRenderOptions => ({
  outlineStyle: style,
  outlineWidth: width,
  outlineColor: new vscode.ThemeColor('forgettingLab.token.outline'),
});

const looks: { readonly [K in ColourKind]: vscode.DecorationRenderOptions } = {
  bin1: { ...fill('bin1'), textDecoration: 'underline dotted 1px; text-underline-offset: 3px' },
  bin2: {
    ...fill('bin2'),
    ...outline('dotted', '1px'),
    textDecoration: 'underline dashed 1px; text-underline-offset: 3px',
  },
  bin3: {
    ...fill('bin3'),
    ...outline('solid', '1px'),
    color: new vscode.ThemeColor('editor.foreground'),
    textDecoration: 'underline solid 1px; text-underline-offset: 3px',
  },
  bin4: {
    ...fill('bin4'),
    ...outline('double', '3px'),
    color: new vscode.ThemeColor('editor.foreground'),
    textDecoration: 'underline double 1px; text-underline-offset: 2px',
    fontWeight: 'bold',
  },
  // Colours of the theme, not opacity: in high contrast they stay readable.
  masked: { color: new vscode.ThemeColor('descriptionForeground'), textDecoration: 'line-through dotted 2px' },
  context: { color: new vscode.ThemeColor('disabledForeground') },
};
