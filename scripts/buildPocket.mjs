// `npm run build:pocket`: pre-trains the bundled model from fixed seeds and writes the example workspace.
import { build, install, run } from './setup.mjs';

install();
build();
run(process.execPath, ['dist/buildPocket.js', ...process.argv.slice(2)]);
