import { defineConfig } from 'vitest/config';

/** Styles and browser scripts are imported as text, as esbuild does for the bundles. */
const textImports = {
  name: 'text-imports',
  enforce: 'pre' as const,
  async load(id: string) {
    if (!/\.(css|html|txt)$|\.client\.js$/.test(id)) return null;
    const { readFile } = await import('node:fs/promises');
    return `export default ${JSON.stringify(await readFile(id, 'utf8'))};`;
  },
};

export default defineConfig({
  plugins: [textImports],
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'webview/**/*.test.ts'],
    // The native runtime does not like to be loaded twice in one process; forks keep it apart.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
