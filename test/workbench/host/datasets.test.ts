// Datasets in a real editor: hints, hover, lens, problems, colours and changes of rows, with the pocket model.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { until, workspaceFolder } from './support.ts';

const folder = workspaceFolder;
const subtraction = join(folder, 'data/subtraction.jsonl');
const written: string[] = [];

async function open(file: string): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(file), { preview: false });
}

async function openText(name: string, text: string): Promise<vscode.TextEditor> {
  const file = join(folder, name);
  written.push(file);
  await writeFile(file, text);
  return open(file);
}

const label = (hint: vscode.InlayHint): string =>
  typeof hint.label === 'string' ? hint.label : hint.label.map(({ value }) => value).join('');

/** Hints of the first lines, once at least so many rows have their number. */
async function hints(document: vscode.TextDocument, lines: number): Promise<vscode.InlayHint[]> {
  return until('perplexities', async () => {
    const range = new vscode.Range(0, 0, lines + 10, 0);
    const found = await vscode.commands.executeCommand<vscode.InlayHint[]>(
      'vscode.executeInlayHintProvider',
      document.uri,
      range,
    );
    const numbers = found.filter((hint) => /^(\d{1,2}\.\d\d|\d{1,3}(,\d{3})*)$/.test(label(hint)));
    return numbers.length >= lines ? numbers : undefined;
  });
}

async function lenses(document: vscode.TextDocument): Promise<string[]> {
  const found = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri);
  return found.map(({ command }) => command?.title ?? '');
}

const ours = (uri: vscode.Uri): vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'Forgetting Lab');

suite('datasets', () => {
  teardown(async () => {
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    for (const file of written.splice(0)) await rm(file, { force: true });
  });

  test('rows have their perplexity in front, the file its mean on line one', async () => {
    const { document } = await open(subtraction);
    const found = await hints(document, 20);
    assert.deepEqual(
      found.map(({ position }) => [position.line, position.character]).slice(0, 20),
      Array.from({ length: 20 }, (_, line) => [line, 0]),
    );
    const titles = await until('the summary', async () => {
      const all = await lenses(document);
      return /^1,500 rows, [\d,]+ tokens, perplexity [\d.]+ \([\d.]+\) under pocket$/.test(all[0] ?? '')
        ? all
        : undefined;
    });
    assert.deepEqual(titles.slice(1), ['Diff with own output', 'Build targets', 'Launch']);
    assert.deepEqual(ours(document.uri), []);
  });

  test('a hover tells what was wanted and what the model expected', async () => {
    const { document } = await open(subtraction);
    const character = document.lineAt(0).text.indexOf('# 77');
    const found = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      new vscode.Position(0, character),
    );
    const text = found
      .flatMap(({ contents }) => contents.map((content) => (content as vscode.MarkdownString).value))
      .join('\n');
    assert.match(text, /\*\*Perplexity [\d.]+\*\* of \d+ trained-on tokens under pocket/);
    assert.match(text, /wanted `[^`]+` [\de.-]+, expected `[^`]+` 0\.\d+/);
    assert.match(text, /ground truth, format prompt-completion/);
  });

  test('bad rows are problems at their place', async () => {
    const good = '{"question":"What is 5 - 3?","answer":"2"}';
    const { document } = await openText(
      'broken.jsonl',
      [good, '{"question": oops}', '{"question":"a"}', '', '{"question":"a","answer":"  "}', good].join('\n'),
    );
    const found = await until('problems', () => (ours(document.uri).length === 3 ? ours(document.uri) : undefined));
    assert.deepEqual(
      found.map(({ range }) => [range.start.line, range.start.character]),
      [
        [1, '{"question": '.length],
        [2, 0],
        [4, 0],
      ],
    );
    assert.match(found[0]?.message ?? '', /^not valid JSON/);
    assert.match(found[1]?.message ?? '', /^missing field "answer"/);
    assert.equal(found[2]?.message, '"answer" is empty');
    // Mended, the problem goes and the row has its number.
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, document.lineAt(1).range, good);
    await vscode.workspace.applyEdit(edit);
    await until('two problems', () => (ours(document.uri).length === 2 ? true : undefined));
    const lines = (await hints(document, 3)).map(({ position }) => position.line);
    assert.deepEqual(lines, [0, 1, 5]);
  });

  test('other JSON is left alone', async () => {
    for (const [name, text] of [
      ['package.json', '{\n  "name": "x"\n}'],
      ['numbers.json', '[{"x": 1}]'],
      ['metrics.jsonl', '{"kind":"metric","step":1}\n'],
    ] as const) {
      const { document } = await openText(name, text);
      assert.deepEqual(await lenses(document), []);
      assert.deepEqual(ours(document.uri), []);
    }
  });

  test('a row changes to the masked form and back, and undo takes changes back', async () => {
    const { document, selection } = await openText(
      'rows.jsonl',
      '{"prompt":[{"role":"user","content":"What is 45 - 23?"}],"completion":[{"role":"assistant","content":"# 45 ; 23 # 22"}],"answer":"22"}\n',
    );
    const before = document.getText();
    const actions = await until('row actions', async () => {
      const all = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        'vscode.executeCodeActionProvider',
        document.uri,
        selection,
      );
      const titles = all.map(({ title }) => title);
      return titles.includes('Mask hard tokens') ? all : undefined;
    });
    assert.deepEqual(
      actions.map(({ title }) => title).filter((title) => /self|Rephrase|Mask|ground/.test(title)),
      ['Use self-output', 'Rephrase', 'Mask hard tokens'],
    );
    const rewrite = (action: string): Thenable<unknown> =>
      vscode.commands.executeCommand(
        'forgettingLab.internal.rewriteRows',
        document.uri,
        document.version,
        selection,
        action,
      );
    await rewrite('mask-hard');
    const masked = JSON.parse(document.lineAt(0).text) as { mask: number[][] };
    assert.ok(masked.mask.length > 0);
    await rewrite('ground-truth');
    assert.equal(document.getText(), before);
    await rewrite('self-output');
    const own = JSON.parse(document.lineAt(0).text) as Record<string, unknown>;
    assert.equal(own['provenance'], 'self_output');
    assert.equal(own['lab_ground_truth'], '# 45 ; 23 # 22');
    await vscode.commands.executeCommand('undo');
    assert.equal(document.getText(), before);
  });

  test('toggles change their settings', async () => {
    await open(subtraction);
    const setting = (name: string): unknown => vscode.workspace.getConfiguration('forgettingLab.annotations').get(name);
    for (const [command, name, initial] of [
      ['annotatePerplexity', 'perplexity', true],
      ['colourTokens', 'colourTokens', false],
    ] as const) {
      assert.equal(setting(name), initial);
      await vscode.commands.executeCommand(`forgettingLab.${command}`);
      assert.equal(setting(name), !initial);
      await vscode.commands.executeCommand(`forgettingLab.${command}`);
      assert.equal(setting(name), initial);
    }
  });
});
