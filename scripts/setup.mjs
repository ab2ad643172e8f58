// What every entry point needs before anything else: dependencies and bundles. Plain Node, so that it works in a fresh
// clone. Says what it does; does nothing when nothing is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The VSIX that `npm run package` makes for this machine. */
export function packagedExtension() {
  const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return path.join(root, 'dist/packages', `${name}-${version}-${process.platform}-${process.arch}.vsix`);
}

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const [major] = process.versions.node.split('.').map(Number);

/** Runs a command in the project and ends this process when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Installs dependencies when there are none or the lock file is newer. */
export function install() {
  if (major < 20) {
    console.error(
      `Forgetting Lab needs Node 20 or newer, this is ${process.version}. Install a newer one from nodejs.org.`,
    );
    process.exit(1);
  }
  const marker = path.join(root, 'node_modules/.package-lock.json');
  if (existsSync(marker) && modified(marker) >= modified(path.join(root, 'package-lock.json'))) return;
  console.error('Installing dependencies from the npm registry ...');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  run(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
}

/** Builds the bundles when a source file is newer than they are. */
export function build() {
  const bundle = path.join(root, 'dist/cli.js');
  const sources = ['src', 'webview', 'bench', 'test/workbench']
    .map((folder) => path.join(root, folder))
    .filter(existsSync);
  const newest = Math.max(modified(path.join(root, 'esbuild.mjs')), ...sources.map(newestIn));
  if (existsSync(bundle) && modified(bundle) >= newest) return;
  run(process.execPath, ['esbuild.mjs'], { stdio: ['ignore', 2, 2] });
}

const modified = (file) => statSync(file).mtimeMs;

function newestIn(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(0, ...files.map((entry) => modified(path.join(entry.parentPath ?? entry.path, entry.name))));
}
