// `npm start`: installs what is missing, builds, and runs the pocket experiment (or shows its finished run).
import { build, install, run } from './setup.mjs';

install();
build();
run(process.execPath, ['dist/cli.js', 'start', ...process.argv.slice(2)]);
