// Tests that drive the workbench in a browser, one file after another: each starts a VS Code server of its own.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/workbench/ui/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // A whole editor and a browser on a shared build machine: what fails once is tried once more there, and reported.
    retry: process.env['CI'] ? 1 : 0,
    expect: { poll: { timeout: 60_000 } },
  },
});
