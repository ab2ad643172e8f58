// `npm test`: installs, builds, checks types, lint and format, then runs the tests: those without an editor, then those
// inside a real VS Code. Arguments go to vitest. `--slow` runs the experiments over several seeds that assert what the pocket
// lab must show; `--workbench [FILTER ...]` only the tests in VS Code.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build, install, packagedExtension, root, run } from './setup.mjs';
import { prepareWorkbench } from './workbenchHost.mjs';

install();
build();
const given = process.argv.slice(2);
const slow = given.includes('--slow');
const onlyWorkbench = given.includes('--workbench');
const filters = given.filter((argument) => !argument.startsWith('--'));
const everything = filters.length === 0 && !slow && !onlyWorkbench;
const tool = (name) => path.join(root, 'node_modules/.bin', name);

function check() {
  run(tool('tsc'), ['--noEmit']);
  for (const part of ['webview', 'test/webview', 'test/workbench']) run(tool('tsc'), ['--noEmit', '-p', part]);
  run(tool('eslint'), ['.']);
  run(tool('prettier'), ['--check', '--log-level=warn', 'src', 'test', 'webview', 'bench', 'scripts', 'esbuild.mjs']);
}

/** The extension as people install it, in the extension host and in the browser-driven workbench. */
function testInWorkbench(names) {
  const problem = prepareWorkbench();
  if (problem !== undefined) {
    console.error(`NOT RUN: the tests inside VS Code: ${problem}.`);
    if (process.env.CI) process.exit(1);
    return;
  }
  run(process.execPath, [path.join(root, 'scripts/package.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const env = { ...process.env, FORGETTING_LAB_VSIX: packagedExtension() };
  if (names.length === 0) testInExtensionHost(env);
  run(tool('vitest'), ['run', '--config', 'vitest.workbench.config.ts', ...names], { env });
}

function testInExtensionHost(env) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'forgetting-lab-host-'));
  const workspace = path.join(folder, 'pocket');
  const withoutRuns = (file) => path.basename(file) !== 'runs';
  cpSync(path.join(root, 'examples/pocket'), workspace, { recursive: true, filter: withoutRuns });
  // The installed extension outlives a test run otherwise, and an old one would be tested.
  rmSync(path.join(root, '.vscode-test'), { recursive: true, force: true });
  run(tool('vscode-test'), [], {
    env: {
      ...env,
      FORGETTING_LAB_WORKSPACE: workspace,
      FORGETTING_LAB_CODE: path.join(root, 'dist/test/codeShim.js'),
    },
  });
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  } catch (error) {
    console.error(`${folder} is left behind: ${error.message}`);
  }
}

if (everything) check();
if (!onlyWorkbench) {
  run(tool('vitest'), ['run', ...(slow ? ['test/slow'] : []), ...filters], {
    env: { ...process.env, ...(slow || process.env.CI ? { FORGETTING_LAB_SLOW: '1' } : {}) },
  });
}
if (everything || onlyWorkbench) testInWorkbench(filters);
