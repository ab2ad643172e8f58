// One bundle per process. onnxruntime-node stays outside: it is native and loaded from node_modules.
import { build } from 'esbuild';
import { rmSync } from 'node:fs';

const shared = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outdir: 'dist',
  sourcemap: true,
  external: ['onnxruntime-node'],
  loader: { '.css': 'text', '.txt': 'text', '.html': 'text', '.client.js': 'text' },
  // Bundled CommonJS packages expect these names.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
};

const entryPoints = {
  cli: 'src/cli/main.ts',
  engine: 'src/engine/process/engineMain.ts',
  buildPocket: 'src/pocket/build.ts',
  bench: 'bench/main.ts',
};

if (process.argv.includes('--clean')) rmSync('dist', { recursive: true, force: true });
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const chosen = wanted.length > 0 ? Object.fromEntries(wanted.map((name) => [name, entryPoints[name]])) : entryPoints;
await build({ ...shared, entryPoints: chosen });
