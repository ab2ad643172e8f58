// `npm run bench`: our engine, and PyTorch on the same shapes when a Python with torch is found.
import { build, install, run } from './setup.mjs';

install();
build();
run(process.execPath, ['dist/bench.js', ...process.argv.slice(2)]);
