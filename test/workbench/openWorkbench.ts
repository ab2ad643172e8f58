// `npm run workbench`: a real VS Code in the browser with the packaged extension and a copy of the example workspace.
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { root, startHost } from './codeServer.ts';

const { values } = parseArgs({
  options: {
    vsix: { type: 'string' },
    folder: { type: 'string' },
    port: { type: 'string', default: '8123' },
    address: { type: 'string', default: '127.0.0.1' },
  },
});

/** A copy that stays between starts, so that runs made in the browser are there the next time. */
function exampleFolder(): string {
  const folder = path.join(root, '.cache/workbench/pocket');
  if (!existsSync(folder)) {
    cpSync(path.join(root, 'examples/pocket'), folder, {
      recursive: true,
      filter: (file) => path.basename(file) !== 'runs',
    });
  }
  return folder;
}

const folder = path.resolve(values.folder ?? exampleFolder());
const host = await startHost({
  vsix: values.vsix!,
  port: Number(values.port),
  address: values.address,
  env: { VSCODE_PROXY_URI: '' },
});
console.log(
  `\n  ${host.url(folder)}\n\nThe workspace is ${folder}. Ctrl-C ends the workbench; sessions that run go on.`,
);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void host.stop().then(() => process.exit(0)));
