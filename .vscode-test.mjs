// Mocha inside the extension host. Desktop VS Code by default; with FORGETTING_LAB_CODE the executable that stands in for it.
import { defineConfig } from '@vscode/test-cli';

export default defineConfig({
  tests: [
    {
      files: 'dist/test/host/*.test.cjs',
      workspaceFolder: process.env.FORGETTING_LAB_WORKSPACE ?? 'examples/pocket',
      extensionDevelopmentPath: process.env.FORGETTING_LAB_VSIX ? 'test/workbench/emptyExtension' : '.',
      // As in the browser: what fails once on a shared build machine is tried once more there.
      mocha: { ui: 'tdd', timeout: 60_000, retries: process.env.CI ? 1 : 0 },
      ...(process.env.FORGETTING_LAB_CODE ? { useInstallation: { fromPath: process.env.FORGETTING_LAB_CODE } } : {}),
    },
  ],
});
