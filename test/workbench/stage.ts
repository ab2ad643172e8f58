// What most tests in the workbench begin with: a workspace, a VS Code server with the packaged extension, and a page.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launchBrowser, newPage, root, startHost, type Host } from './codeServer.ts';
import { pictureOfFailure } from './pictures.ts';
import { makeWorkspace, type Workspace } from './workspace.ts';

export interface Stage {
  workspace: Workspace;
  host: Host;
  page: Page;
  /** Messages of the browser's own dialogs (`alert`), which nothing may ever open. */
  dialogs: string[];
}

/**
 * Registers set-up and tear-down for the file that calls it. The fields are there when the first test runs. `prepare` fills
 * the workspace before the server starts; the page shows nothing yet.
 */
export function setStage(prepare: (folder: string) => void = () => undefined): Stage {
  const stage = { dialogs: [] as string[] } as Stage;
  let browser: Browser | undefined;
  beforeAll(async () => {
    stage.workspace = makeWorkspace();
    prepare(stage.workspace.folder);
    // Buttons of views show without the mouse being there.
    const settings = { 'workbench.view.alwaysShowHeaderActions': true };
    stage.host = await startHost({ vsix: process.env.FORGETTING_LAB_VSIX!, settings });
    browser = await launchBrowser();
    stage.page = await newPage(browser);
    stage.page.setDefaultTimeout(60_000);
    stage.page.on('dialog', (dialog) => {
      stage.dialogs.push(dialog.message());
      void dialog.dismiss();
    });
  });
  afterEach((context) => pictureOfFailure(context, stage.page));
  afterAll(async () => {
    await browser?.close();
    await stage.host?.stop();
    await stage.workspace?.remove();
  });
  return stage;
}

/** Runs an experiment file with the command line, to its end, and gives the exit code (2: the budget is overdrawn). */
export function runInTerminal(folder: string, file: string): number | null {
  const made = spawnSync(process.execPath, [path.join(root, 'dist/cli.js'), 'run', file], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect([0, 2], made.stderr).toContain(made.status);
  return made.status;
}
