// Experiment files in a real editor: diagnostics, fixes, completion, hover, lenses and the commands that need no dialogue.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { inEnglish } from '../../../src/shared/phrase.ts';
import type { DoctorCheck } from '../../../src/shared/protocol/lab/doctor.ts';

const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
const example = join(folder, 'pocket.experiment.yaml');

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>, ms = 20_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what} did not come within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const ours = (uri: vscode.Uri): vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'Forgetting Lab');

let files = 0;

/** Opens a new file with this text in the workspace. Every file has a name of its own: the editor keeps closed texts a while. */
async function open(ending: 'yaml' | 'json', text: string): Promise<vscode.TextDocument> {
  const file = join(folder, `host-test-${++files}.experiment.${ending}`);
  await writeFile(file, text);
  const document = await vscode.workspace.openTextDocument(file);
  await vscode.window.showTextDocument(document);
  return document;
}

/** The example under another name: two files of one name are a problem of their own. */
async function exampleText(): Promise<string> {
  return (await vscode.workspace.openTextDocument(example)).getText().replace(/^name: .*$/m, 'name: host-test');
}

suite('experiment files', () => {
  teardown(async () => {
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    for (const name of await readdir(folder)) {
      if (name.startsWith('host-test')) await rm(join(folder, name), { force: true });
    }
  });

  test('problems stand at what is wrong, and a fix mends them', async () => {
    const text = (await exampleText()).replace('neutralText:', 'neutralTxt:').replace('preset: stm', 'preset: stmm');
    const document = await open('yaml', text);
    const found = await until('diagnostics', () => (ours(document.uri).length === 2 ? ours(document.uri) : undefined));
    assert.deepEqual(
      found.map(({ range }) => document.getText(range)),
      ['stmm', 'neutralTxt'],
    );
    assert.match(found[1]?.message ?? '', /unknown key "neutralTxt"; did you mean "neutralText"\?/);
    for (const problem of found) {
      const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        'vscode.executeCodeActionProvider',
        document.uri,
        problem.range,
        vscode.CodeActionKind.QuickFix.value,
      );
      const fix = actions.find(({ edit }) => edit !== undefined);
      assert.ok(fix?.edit, `no fix for ${problem.message}`);
      assert.ok(await vscode.workspace.applyEdit(fix.edit));
      await until('fresh diagnostics', () => (ours(document.uri).length < found.length ? true : undefined));
    }
    await until('no diagnostics', () => (ours(document.uri).length === 0 ? true : undefined));
    assert.equal(document.getText(), await exampleText());
  });

  test('the same in JSON', async () => {
    const document = await open('json', '{\n  "name": "a",\n  "model": "gone"\n}\n');
    const found = await until('diagnostics', () => ours(document.uri).find(({ code }) => code === 'missing-file'));
    assert.equal(document.getText(found.range), '"gone"');
  });

  test('a file that appears mends what named it', async () => {
    const text = (await exampleText()).replace('data/neutral.jsonl', 'host-test.jsonl');
    const document = await open('yaml', text);
    await until('the missing file', () => ours(document.uri).find(({ code }) => code === 'missing-file'));
    await writeFile(join(folder, 'host-test.jsonl'), '{"text":"a"}\n');
    await until('no diagnostics', () => (ours(document.uri).length === 0 ? true : undefined));
  });

  test('completion works in a line that is not finished', async () => {
    const document = await open('yaml', 'name: a\narms:\n  - { name: b, preset: ');
    const end = document.positionAt(document.getText().length);
    const list = await until('presets', async () => {
      const answer = await vscode.commands.executeCommand<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        document.uri,
        end,
      );
      return answer.items.some(({ label }) => label === 'self-output') ? answer : undefined;
    });
    const stm = list.items.find(({ label }) => label === 'stm');
    assert.match(stm?.detail ?? '', /2501\.14315/);
  });

  test('hover explains a key', async () => {
    const document = await vscode.workspace.openTextDocument(example);
    await vscode.window.showTextDocument(document);
    const at = document.positionAt(document.getText().indexOf('forgettingBudget') + 3);
    const hovers = await until('a hover', async () => {
      const found = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        document.uri,
        at,
      );
      return found.length > 0 ? found : undefined;
    });
    const words = hovers.flatMap(({ contents }) => contents).map((content) => (content as vscode.MarkdownString).value);
    assert.match(words.join('\n'), /Largest tolerated drop/);
  });

  test('line one offers to launch', async () => {
    const uri = vscode.Uri.file(example);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document);
    const lens = await until('the lens', async () => {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri, 10);
      return lenses.find(({ command }) => command?.command === 'forgettingLab.launch');
    });
    assert.equal(lens.range.start.line, 0);
    assert.deepEqual(lens.command?.arguments, [example]);
  });

  test('an invalid file is not launched, and shows why', async () => {
    const text = (await exampleText()).replace('steps: 120', 'steps: many');
    const document = await open('yaml', text);
    const id = await vscode.commands.executeCommand('forgettingLab.launch', document.uri.fsPath);
    assert.equal(id, undefined);
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.uri.fsPath, document.uri.fsPath);
    assert.equal(document.getText(editor.selection), 'many');
  });

  test('the doctor shows its checks as a document', async function () {
    this.timeout(120_000);
    const checks = await vscode.commands.executeCommand<DoctorCheck[]>('forgettingLab.doctor');
    assert.ok(checks.some(({ name, state }) => inEnglish(name) === 'pocket model' && state === 'ok'));
    const document = vscode.window.activeTextEditor?.document;
    assert.equal(document?.uri.scheme, 'forgetting-lab');
    await until('the end', () => (/a run needs|to mend/.test(document.getText()) ? true : undefined));
  });
});

suite('folders outside', () => {
  test('an experiment elsewhere is checked as well', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'lab-outside-'));
    try {
      const file = join(outside, 'x.experiment.yml');
      await writeFile(file, 'name: x\n');
      const document = await vscode.workspace.openTextDocument(file);
      await until('diagnostics', () => (ours(document.uri).length === 4 ? true : undefined));
    } finally {
      await rm(outside, { recursive: true, force: true });
    }
  });
});
