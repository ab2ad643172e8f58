// The connection to the lab server from a real extension host: started on first need, restored after a crash, one for all.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { placeOf, readLock } from '../../../src/extension/lab/place.ts';
import type { ForgettingLabApi } from '../../../src/extension/main.ts';
import type { Lab } from '../../../src/extension/workbench.ts';
import {
  launchSession,
  listSessions,
  sessionsChanged,
  stopSession,
} from '../../../src/shared/protocol/lab/sessions.ts';
import type { SessionSummary } from '../../../src/shared/protocol/lab/sessions.ts';

const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';

async function until<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + 50_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function serverPid(): Promise<number> {
  return (await until('a server has the lock', async () => readLock(await placeOf(folder)))).pid;
}

suite('the lab server', () => {
  let lab: Lab;

  suiteSetup(async () => {
    const extension = vscode.extensions.getExtension<ForgettingLabApi>('forgetting-lab.forgetting-lab');
    assert.ok(extension);
    lab = (await extension.activate()).workbench.lab;
  });

  test('is a process of its own and answers', async () => {
    await lab.request(listSessions, {});
    assert.equal(lab.state, 'attached');
    assert.notEqual(await serverPid(), process.pid);
  });

  test('carries out an experiment and tells about it; a crash of the server loses nothing', async () => {
    const told: SessionSummary[] = [];
    const listening = lab.on(sessionsChanged, ({ sessions }) => told.push(...sessions));
    const file = join(folder, 'lab-test.experiment.yaml');
    const text = await readFile(join(folder, 'calls.experiment.yaml'), 'utf8');
    await writeFile(file, text.replace('name: pocket-calls', 'name: lab-test'));
    try {
      const { id } = await lab.request(launchSession, { kind: 'run', experiment: file });
      const last = () => told.findLast((one) => one.id === id);
      await until('it runs', () => last()?.progress);
      const before = await serverPid();
      process.kill(before, 'SIGKILL');
      await until('another server serves', async () => lab.state === 'attached' && (await serverPid()) !== before);
      const session = (await lab.request(listSessions, {})).find((one) => one.id === id);
      assert.equal(session?.state, 'running');
      await lab.request(stopSession, { id, how: 'now' });
      await until('it has stopped', () => last()?.state === 'stopped');
    } finally {
      listening.dispose();
      await rm(file);
    }
  });

  test('a cancelled request says so', async () => {
    const source = new vscode.CancellationTokenSource();
    source.cancel();
    await assert.rejects(lab.request(listSessions, {}, source.token), { name: 'AbortError' });
  });

  test('errors carry the words of the command line', async () => {
    const absent = join(folder, 'absent.experiment.yaml');
    await assert.rejects(lab.request(launchSession, { kind: 'run', experiment: absent }), {
      message: `${absent} does not exist`,
      code: 'file-not-found',
    });
  });
});
