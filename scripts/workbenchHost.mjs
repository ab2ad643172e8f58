// A real VS Code without a desktop: code-server from npm in .vscode-host (the same workbench, extension host and webviews as
// the desktop's) and Chromium to look at it. Plain Node, so that it works in a fresh clone. Says what is missing and why.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './setup.mjs';

/** Versions that were tried together. */
const packages = { 'code-server': '4.139.1', [`node-linux-${process.arch}`]: '24.21.0' };
export const hostFolder = path.resolve(process.env.FORGETTING_LAB_HOST ?? path.join(root, '.vscode-host'));
const modules = path.join(hostFolder, 'node_modules');

/** Where things are once installed. */
export const host = {
  node: path.join(modules, `node-linux-${process.arch}`, 'bin/node'),
  entry: path.join(modules, 'code-server/out/node/entry.js'),
};

const chromiumCandidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser that shows the workbench, or undefined. */
export function findChromium() {
  return [process.env.CHROMIUM, ...chromiumCandidates].find((file) => file && existsSync(file));
}

const isRoot = () => process.getuid?.() === 0;
const quiet = { stdio: ['ignore', 'ignore', 'inherit'] };

function execute(command, args, options = {}) {
  const result = spawnSync(command, args, { ...quiet, ...options });
  if (result.error || result.status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed: ${result.error?.message ?? `exit code ${result.status}`}`);
  }
}

/** Chromium and fonts: from the system, or as root on Debian by apt. */
function ensureChromium() {
  if (findChromium() || !isRoot() || !existsSync('/usr/bin/apt-get')) return;
  console.error('Installing Chromium and fonts with apt-get ...');
  execute('apt-get', ['update', '-qq']);
  const wanted = ['chromium', 'fonts-noto-cjk', 'fonts-dejavu-core'];
  execute('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...wanted], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function isInstalled() {
  const stamp = path.join(hostFolder, 'installed.json');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === JSON.stringify(packages) && existsSync(host.entry);
}

/**
 * What code-server's own installation would do, without compiling what is not needed. spdlog and the watchdog are compiled
 * where there is a compiler: without them the workbench works, but output channels stay empty.
 */
function installHost() {
  if (isInstalled()) return;
  console.error(`Installing a VS Code for tests into ${path.relative(root, hostFolder)} (about a minute, 800 MB) ...`);
  mkdirSync(hostFolder, { recursive: true });
  writeFileSync(path.join(hostFolder, 'package.json'), '{"private":true}\n');
  const specs = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  const npm = (cwd, ...args) =>
    execute('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd });
  npm(hostFolder, 'install', ...specs);
  const vscode = path.join(modules, 'code-server/lib/vscode');
  npm(vscode, 'install', '--omit=dev');
  compileNatives(vscode);
  npm(path.join(vscode, 'extensions'), 'install', '--omit=dev');
  writeFileSync(path.join(hostFolder, 'installed.json'), JSON.stringify(packages));
}

function compileNatives(vscode) {
  const node = path.join(modules, `node-linux-${process.arch}`);
  const result = spawnSync('npm', ['rebuild', '@vscode/spdlog', '@vscode/native-watchdog', '--ignore-scripts=false'], {
    cwd: vscode,
    env: { ...process.env, PATH: `${path.join(node, 'bin')}:${process.env.PATH}`, npm_config_nodedir: node },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (result.status === 0) return;
  console.error('No compiler for the log module of the test VS Code: its output channels stay empty.');
}

/** Installs what is missing. Returns undefined, or why there is no workbench to test in. */
export function prepareWorkbench() {
  if (process.platform !== 'linux')
    return 'the browser-driven workbench runs on Linux; on desktops use `npm run test:desktop`';
  try {
    ensureChromium();
    if (!findChromium()) return 'there is no Chromium (install the package chromium, or set CHROMIUM to its path)';
    installHost();
    return undefined;
  } catch (error) {
    return error.message;
  }
}
