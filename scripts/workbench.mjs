// `npm run workbench [-- --folder DIR --port N]`: a VS Code in the browser with the extension and the example workspace.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { packagedExtension, root, run } from './setup.mjs';
import { prepareWorkbench } from './workbenchHost.mjs';

const problem = prepareWorkbench();
if (problem !== undefined) {
  console.error(`There is no workbench here: ${problem}.`);
  process.exit(1);
}
run(process.execPath, [path.join(root, 'scripts/package.mjs')]);
const args = [path.join(root, 'dist/test/openWorkbench.js'), '--vsix', packagedExtension(), ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
