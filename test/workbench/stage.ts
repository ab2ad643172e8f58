// What most tests in the workbench begin with: a workspace, a VS Code server with the packaged extension, and a page.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launchBrowser, newPage, root, startHost, type Host, type HostOptions } from './codeServer.ts';
import { pictureOfFailure } from './pictures.ts';
import { openSidebar } from './ui.ts';
import { makeWorkspace, type Workspace } from './workspace.ts';

/** The fields are there when the first test runs. */
export class Stage {
  workspace!: Workspace;
  host!: Host;
  /** The window that the tests are in; a picture of it is made when one fails. Shows nothing at first. */
  page!: Page;
  /** Messages of the browser's own dialogs (`alert`), which nothing may ever open. */
  readonly dialogs: string[] = [];
  private browser: Browser | undefined;
  private readonly hosts: Host[] = [];

  async set(prepare: (folder: string) => void, host?: HostOptions): Promise<void> {
    this.workspace = makeWorkspace();
    prepare(this.workspace.folder);
    this.host = await this.open(host);
    this.browser = await launchBrowser();
    this.page = await this.newPage();
  }

  /** Another VS Code server with the packaged extension, until the tests of the file are done. */
  async open({ settings, ...options }: HostOptions = {}): Promise<Host> {
    // Buttons of views show without the mouse being there.
    const seen = { 'workbench.view.alwaysShowHeaderActions': true, ...settings };
    const host = await startHost({ vsix: process.env.FORGETTING_LAB_VSIX!, settings: seen, ...options });
    this.hosts.push(host);
    return host;
  }

  /** Another window on the workspace. */
  async window(host = this.host, folder = this.workspace.folder): Promise<Page> {
    const page = await this.newPage();
    await page.goto(host.url(folder));
    return page;
  }

  /** Closes the window that the tests are in and goes on in another. */
  async goOn(host?: Host, folder?: string): Promise<void> {
    await this.page.context().close();
    this.page = await this.window(host, folder);
  }

  async strike(): Promise<void> {
    await this.browser?.close();
    for (const host of this.hosts) await host.stop();
    await this.workspace?.remove();
  }

  private async newPage(): Promise<Page> {
    const page = await newPage(this.browser!);
    page.setDefaultTimeout(60_000);
    page.on('dialog', (dialog) => {
      this.dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    return page;
  }
}

/**
 * Registers set-up and tear-down for the file that calls it. `prepare` fills the workspace before the server starts; with
 * `sidebar` the page shows the workspace and the sidebar of the extension.
 */
export function setStage(
  prepare: (folder: string) => void = () => undefined,
  options: { sidebar?: boolean; host?: HostOptions } = {},
): Stage {
  const stage = new Stage();
  beforeAll(async () => {
    await stage.set(prepare, options.host);
    if (!options.sidebar) return;
    await stage.page.goto(stage.host.url(stage.workspace.folder));
    await openSidebar(stage.page);
  }, 180_000);
  afterEach((context) => pictureOfFailure(context, stage.page));
  afterAll(() => stage.strike());
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
