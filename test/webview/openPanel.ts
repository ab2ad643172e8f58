// Opens a panel's real bundle in Chromium, in the real page with its content security policy. The editor's side of the
// wire is played here; a function answers what the panel asks the lab server.
import { existsSync } from 'node:fs';
import { readFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { buildPage } from '../../src/extension/panels/page.ts';
import type { CallId, FromPanel, PanelAction, ToPanel } from '../../src/shared/protocol/panel.ts';
import { themes } from './themes.ts';
import type { TestTheme } from './themes.ts';

const origin = 'http://panel.test';
const nonce = 'n0nce';

const candidates = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const executablePath = candidates.find((file): file is string => file !== undefined && existsSync(file));

/** Why panels cannot be opened here, or undefined. In CI a missing browser is a failure, not a reason to skip. */
export const noBrowser =
  executablePath === undefined && !process.env['CI']
    ? 'skipped: there is no Chromium (apt-get install chromium, or set CHROMIUM to its path)'
    : undefined;
if (noBrowser !== undefined) console.log(noBrowser);

/** What fails once on a shared build machine is tried once more there, and reported. */
export const inBrowser = { retry: process.env['CI'] ? 1 : 0 };

export function launch(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('there is no Chromium; set CHROMIUM to its path');
  const flags = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage'];
  return chromium.launch({ executablePath, headless: true, args: flags });
}

/** Answers a request of the panel; a thrown error becomes the error answer. */
export type Answer = (method: string, params: unknown) => unknown;

export interface PanelOptions {
  kind: string;
  subject: Record<string, unknown>;
  answer: Answer;
  /** What the editor answers to an action; null unless said otherwise. A thrown error becomes the error answer. */
  act?: (action: PanelAction) => unknown;
  theme?: TestTheme;
  width?: number;
  height?: number;
  trusted?: boolean;
  texts?: Record<string, string>;
  /** What the panel remembered before a reload. */
  state?: unknown;
  /** Motion is reduced unless a test is about it. */
  reducedMotion?: 'reduce' | 'no-preference';
}

export interface OpenPanel {
  page: Page;
  /** What the panel had the editor do. */
  actions: PanelAction[];
  /** Methods the panel asked for, in order. */
  asked: { id: CallId; method: string; params: unknown }[];
  /** Errors of the page, violations of its policy among them. */
  errors: string[];
  notify(method: string, params: unknown): Promise<void>;
  setTheme(theme: TestTheme): Promise<void>;
  /** What the panel remembers. */
  state(): Promise<unknown>;
  /** Resolves when the panel has drawn, again after `count` drawings. */
  drawn(count?: number): Promise<void>;
  close(): Promise<void>;
}

export async function openPanel(browser: Browser, options: PanelOptions): Promise<OpenPanel> {
  const { kind, theme = themes.dark, width = 1100, height = 800 } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    reducedMotion: options.reducedMotion ?? 'reduce',
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  const wire = playEditor(page, options);
  await page.exposeFunction('toHost', wire.receive);
  await page.addInitScript(fakeEditor, options.state ?? null);
  await serve(page, kind, pageOf(options, theme));
  await page.goto(`${origin}/`);
  return {
    page,
    errors,
    ...wire.seen,
    notify: (method, params) => wire.post({ type: 'notification', method, params }),
    setTheme: (next) => page.evaluate(applyTheme, next),
    state: () => page.evaluate(() => (window as unknown as { panelState: unknown }).panelState),
    drawn: async (count = 1) => {
      await page.waitForFunction((least) => Number(document.body.dataset['drawn'] ?? 0) >= least, count);
    },
    close: () => context.close(),
  };
}

function playEditor(page: Page, { answer, act }: PanelOptions) {
  const seen: Pick<OpenPanel, 'actions' | 'asked'> = { actions: [], asked: [] };
  const post = (message: ToPanel): Promise<void> =>
    page.evaluate((sent) => window.postMessage(sent, '*'), message).catch(() => undefined);
  const receive = async (message: FromPanel): Promise<void> => {
    if (message.type === 'action') {
      seen.actions.push(message.action);
      const saved = message.action.kind === 'save' ? '/saved' : null;
      await reply(message.id, () => act?.(message.action) ?? saved);
    }
    if (message.type !== 'request') return;
    const { id, method, params } = message;
    seen.asked.push({ id, method, params });
    await reply(id, () => answer(method, params));
  };
  const reply = async (id: string, work: () => unknown): Promise<void> => {
    try {
      await post({ type: 'result', id, result: await work() });
    } catch (error) {
      const { message, remedy } = error as Error & { remedy?: string };
      await post({ type: 'error', id, words: { message, ...(remedy === undefined ? {} : { remedy }) } });
    }
  };
  return { seen, post, receive };
}

/** Runs in the page before its scripts. */
function fakeEditor(state: unknown): void {
  const home = window as unknown as {
    panelState: unknown;
    toHost(message: unknown): void;
    acquireVsCodeApi(): unknown;
  };
  home.panelState = state ?? undefined;
  addEventListener('securitypolicyviolation', (event) => {
    console.error(
      `policy: ${event.violatedDirective} at ${event.sourceFile}:${event.lineNumber}:${event.columnNumber} ${(event.target as Element).outerHTML?.slice(0, 200)}`,
    );
  });
  home.acquireVsCodeApi = () => ({
    postMessage: (message: unknown) => home.toHost(JSON.parse(JSON.stringify(message))),
    getState: () => home.panelState,
    setState: (next: unknown) => {
      home.panelState = JSON.parse(JSON.stringify(next));
    },
  });
}

/** Runs in the page: what VS Code does when the theme changes. */
function applyTheme({ kind, variables }: TestTheme): void {
  for (const [name, value] of Object.entries(variables)) {
    document.documentElement.style.setProperty(`--vscode-${name}`, value);
  }
  document.body.className = kind;
  document.body.dataset['vscodeThemeKind'] = kind;
}

function pageOf(options: PanelOptions, theme: TestTheme): string {
  const { kind, subject, trusted = true, texts = {} } = options;
  const html = buildPage({
    boot: { kind, subject, texts, language: 'en', trusted },
    script: `${origin}/${kind}.js`,
    style: `${origin}/${kind}.css`,
    source: origin,
    nonce,
    title: kind,
  });
  const theming = `<script nonce="${nonce}">(${applyTheme.toString()})(${JSON.stringify(theme)})</script>`;
  return html.replace('<body>', () => `<body>${theming}`);
}

async function serve(page: Page, kind: string, html: string): Promise<void> {
  const file = (name: string): Promise<Buffer> => readFile(path.join('dist', 'webview', name));
  const types: Record<string, string> = { js: 'text/javascript', css: 'text/css' };
  await page.route(`${origin}/**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    if (name === '') return route.fulfill({ contentType: 'text/html', body: html });
    if (!name.startsWith(`${kind}.`)) return route.fulfill({ status: 404, body: '' });
    return route.fulfill({ contentType: types[name.split('.').at(-1) ?? ''] ?? 'text/plain', body: await file(name) });
  });
}

/** Writes a picture for people when SCREENSHOTS names a folder. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}
