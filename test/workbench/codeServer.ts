// Starts a real VS Code server (code-server) for tests and for people without a desktop VS Code, and a browser to see it.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { removeFolder } from './removeFolder.ts';

export const root = findRoot(import.meta.dirname);
const hostFolder = path.resolve(process.env.FORGETTING_LAB_HOST ?? path.join(root, '.vscode-host'));
const nodeBinary = path.join(hostFolder, `node_modules/node-linux-${process.arch}/bin/node`);
const entry = path.join(hostFolder, 'node_modules/code-server/out/node/entry.js');

/** Quiet: no telemetry, updates, tips or chat beside what is tested. */
const baseSettings = {
  'workbench.startupEditor': 'none',
  'workbench.colorTheme': 'Dark Modern',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': 'off',
  'extensions.autoCheckUpdates': false,
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'git.enabled': false,
  'window.commandCenter': false,
};

function findRoot(from: string): string {
  return existsSync(path.join(from, 'package.json')) ? from : findRoot(path.dirname(from));
}

export interface HostOptions {
  /** Packaged extension to install. */
  vsix?: string;
  /** Display language, such as `zh-tw`. VS Code's own texts stay English. */
  locale?: string;
  extensionsDir?: string;
  settings?: Record<string, unknown>;
  env?: NodeJS.ProcessEnv;
  /** Leaves Workspace Trust on. */
  trustDialogs?: boolean;
  port?: number;
  address?: string;
}

export interface Host {
  /** Folder of logs, settings and state; removed by `stop` unless `keep`. */
  home: string;
  authority: string;
  /** Address of a folder (or an empty window). */
  url(folder?: string): string;
  /** Changes settings of the machine while it runs. */
  set(settings: Record<string, unknown>): void;
  /** Process ids of extension hosts. */
  extensionHosts(): number[];
  log(): string;
  stop(options?: { keep?: boolean }): Promise<void>;
}

/** Starts a server with an empty profile. */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'forgetting-lab-workbench-'));
  const data = path.join(home, 'data');
  mkdirSync(path.join(data, 'User'), { recursive: true });
  writeFileSync(path.join(home, 'config.yaml'), 'auth: none\ncert: false\n');
  const settings = { ...baseSettings, ...options.settings };
  writeFileSync(path.join(data, 'User/settings.json'), JSON.stringify(settings, undefined, 2));
  const extensions = options.extensionsDir ?? path.join(home, 'extensions');
  const common = [entry, '--config', path.join(home, 'config.yaml'), '--user-data-dir', data];
  const base = [...common, '--extensions-dir', extensions];
  const env = {
    ...process.env,
    XDG_DATA_HOME: path.join(home, 'xdg'),
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    ...options.env,
  };
  if (options.vsix !== undefined) installExtension(base, env, options.vsix);
  if (options.locale !== undefined) pretendLanguagePack(data, options.locale);
  const port = options.port ?? (await freePort());
  const authority = `${options.address ?? '127.0.0.1'}:${port}`;
  const logFile = path.join(home, 'server.log');
  const log = openSync(logFile, 'w');
  const trust = options.trustDialogs ? [] : ['--disable-workspace-trust'];
  const quiet = ['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'];
  const locale = options.locale === undefined ? [] : ['--locale', options.locale];
  const args = [...base, '--auth', 'none', '--bind-addr', authority, ...quiet, ...trust, ...locale];
  const server = spawn(nodeBinary, args, { env, stdio: ['ignore', log, log] });
  await waitUntilHealthy(server, authority, home);
  const machine: Record<string, unknown> = {};
  return {
    home,
    authority,
    url: (folder) =>
      `http://${authority}/?${folder === undefined ? 'ew=true' : String(new URLSearchParams({ folder: path.resolve(folder) }))}`,
    set: (changes) => {
      mkdirSync(path.join(data, 'Machine'), { recursive: true });
      writeFileSync(path.join(data, 'Machine/settings.json'), JSON.stringify(Object.assign(machine, changes)));
    },
    extensionHosts: () => descendants(server.pid!).filter(isExtensionHost),
    log: () => readFileSync(logFile, 'utf8'),
    stop: (stopOptions) => stopHost(server, home, stopOptions?.keep === true),
  };
}

function installExtension(base: string[], env: NodeJS.ProcessEnv, vsix: string): void {
  const result = spawnSync(nodeBinary, [...base, '--install-extension', path.resolve(vsix)], { env, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${vsix} could not be installed: ${result.stdout}${result.stderr}`);
}

/** What the server keeps of an installed language pack; this one translates nothing itself. */
function pretendLanguagePack(data: string, locale: string): void {
  const translations = path.join(data, `${locale}.i18n.json`);
  writeFileSync(translations, JSON.stringify({ contents: {} }));
  const extensions = [{ extensionIdentifier: { id: `tests.${locale}` }, version: '1.0.0' }];
  const pack = { hash: locale, extensions, translations: { vscode: translations }, label: locale };
  writeFileSync(path.join(data, 'languagepacks.json'), JSON.stringify({ [locale]: pack }));
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function waitUntilHealthy(server: ChildProcess, authority: string, home: string): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`code-server ended: ${readFileSync(`${home}/server.log`, 'utf8')}`);
    const answer = await fetch(`http://${authority}/healthz`).catch(() => undefined);
    if (answer?.ok) return;
    await pause(50);
  }
}

async function stopHost(server: ChildProcess, home: string, keep: boolean): Promise<void> {
  if (server.exitCode === null) {
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill();
    const timer = setTimeout(() => server.kill('SIGKILL'), 5000);
    await gone;
    clearTimeout(timer);
  }
  if (!keep) await removeFolder(home);
}

/** All processes below one, from /proc. */
export function descendants(pid: number): number[] {
  const result = spawnSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = result.stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    pairs.filter(([, ppid]) => ppid === parent).flatMap(([child]) => [child!, ...below(child!)]);
  return below(pid);
}

function isExtensionHost(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=extensionHost');
  } catch {
    return false;
  }
}

export function launchBrowser(): Promise<Browser> {
  const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const executablePath = candidates.find((file): file is string => file !== undefined && existsSync(file));
  if (executablePath === undefined) throw new Error('there is no Chromium; set CHROMIUM to its path');
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage'];
  const silent = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath, headless: true, args: [...flags, ...silent] });
}

export async function newPage(browser: Browser, viewport = { width: 1400, height: 900 }): Promise<Page> {
  const context = await browser.newContext({ viewport, reducedMotion: 'reduce', acceptDownloads: true });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']).catch(() => undefined);
  return context.newPage();
}

/** Loads an unpacked extension into the page's window and, with `tests`, runs that module in its extension host. */
export async function useDevelopmentExtension(
  page: Page,
  authority: string,
  extensions: readonly string[],
  tests?: string,
): Promise<void> {
  await page.addInitScript(
    ({ authority, extensions, tests }) => {
      const uri = (file: string) => ({ scheme: 'vscode-remote', authority, path: file });
      new MutationObserver((_, observer) => {
        const meta = document.getElementById('vscode-workbench-web-configuration');
        if (!meta?.dataset.settings) return;
        observer.disconnect();
        const settings = JSON.parse(meta.dataset.settings) as { developmentOptions?: object };
        settings.developmentOptions = {
          ...settings.developmentOptions,
          extensions: extensions.map(uri),
          ...(tests ? { extensionTestsPath: uri(tests) } : {}),
        };
        meta.dataset.settings = JSON.stringify(settings);
      }).observe(document, { childList: true, subtree: true });
    },
    { authority, extensions: extensions.map((file) => path.resolve(file)), tests: tests && path.resolve(tests) },
  );
}
