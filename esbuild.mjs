// One bundle per process and per panel. onnxruntime-node stays outside: it is native and loaded from node_modules.
// `node esbuild.mjs [NAME ...]` builds all or the named bundles.
import { build } from 'esbuild';
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { writeL10n } from './scripts/writeL10n.mjs';

const textLoaders = { '.txt': 'text', '.html': 'text', '.client.js': 'text' };
const common = { bundle: true, sourcemap: true, logLevel: 'warning', minifySyntax: true, minifyWhitespace: true };

/** Command line and processes: ESM for Node. Styles are imported as text, for written reports. */
const node = {
  ...common,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outdir: 'dist',
  external: ['onnxruntime-node'],
  // The CommonJS entry of some packages (jsonc-parser) asks for its own files in a way that no bundler sees.
  mainFields: ['module', 'main'],
  loader: { ...textLoaders, '.css': 'text' },
  // Bundled CommonJS packages expect these names.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
};

/** The extension host loads CommonJS in every version we support. */
const host = {
  ...common,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  external: ['vscode'],
  minify: true,
};

/** Panels run in the editor's browser; a panel's style sheet comes out beside it. */
const browser = {
  ...common,
  platform: 'browser',
  format: 'iife',
  target: 'es2022',
  outdir: 'dist/webview',
  minify: true,
};

const hostTests = readdirSync('test/workbench/host').filter((name) => name.endsWith('.test.ts'));
const testEntries = Object.fromEntries(
  hostTests.map((name) => [name.replace(/\.ts$/, ''), `test/workbench/host/${name}`]),
);

const groups = [
  {
    options: node,
    entryPoints: {
      cli: 'src/cli/main.ts',
      engine: 'src/engine/process/engineMain.ts',
      server: 'src/server/main.ts',
      session: 'src/server/session/main.ts',
      reportThread: 'src/server/runs/reportThread.ts',
      textThread: 'src/server/texts/textThread.ts',
      buildPocket: 'src/pocket/build.ts',
      bench: 'bench/main.ts',
    },
  },
  { options: host, entryPoints: { extension: 'src/extension/main.ts' } },
  {
    options: browser,
    entryPoints: {
      heatmap: 'webview/heatmap/main.ts',
      monitor: 'webview/monitor/main.ts',
      compare: 'webview/compare/main.ts',
      targetDiff: 'webview/targetDiff/main.ts',
      dataset: 'webview/dataset/main.ts',
    },
  },
  {
    // Tests that run inside the extension host, and the programs that open a workbench.
    options: { ...host, outdir: 'dist/test/host', external: ['vscode', 'mocha'] },
    entryPoints: testEntries,
  },
  {
    options: { ...node, outdir: 'dist/test', external: ['playwright-core'] },
    entryPoints: { codeShim: 'test/workbench/codeShim.ts', openWorkbench: 'test/workbench/openWorkbench.ts' },
  },
];

if (process.argv.includes('--clean')) rmSync('dist', { recursive: true, force: true });
writeL10n();
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
for (const { options, entryPoints } of groups) {
  const chosen = Object.entries(entryPoints).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  if (chosen.length > 0) await build({ ...options, entryPoints: Object.fromEntries(chosen) });
}
// @vscode/test-cli starts it as it would start VS Code.
if (existsSync('dist/test/codeShim.js')) chmodSync('dist/test/codeShim.js', 0o755);
