import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Styles and browser scripts are imported as text, as esbuild does for the bundles. */
const textImports = {
  name: 'text-imports',
  enforce: 'pre' as const,
  // An id of our own keeps Vite's handling of style sheets (which empties them in tests) away.
  resolveId(source: string, importer: string | undefined) {
    if (!importer || !/\.(css|html|txt)$|\.client\.js$/.test(source)) return null;
    return `\0text:${resolve(dirname(importer), source)}.text`;
  },
  async load(id: string) {
    const file = /^\0text:(.*)\.text$/.exec(id)?.[1];
    return file === undefined ? null : `export default ${JSON.stringify(await readFile(file, 'utf8'))};`;
  },
};

export default defineConfig({
  plugins: [textImports],
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'webview/**/*.test.ts'],
    // Those drive a VS Code: scripts/test.mjs runs them after the others.
    exclude: ['test/workbench/**', 'node_modules/**'],
    // The native runtime does not like to be loaded twice in one process; forks keep it apart.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // A busy machine takes its time; what is waited for comes at last.
    expect: { poll: { timeout: 20_000 } },
  },
});
