// `npm test`: installs, builds, checks types, lint and format, then runs the tests. Arguments go to vitest; `--slow` runs
// the experiments over several seeds that assert what the pocket lab must show.
import { build, install, run } from './setup.mjs';

install();
build();
const given = process.argv.slice(2);
const slow = given.includes('--slow');
const filters = given.filter((argument) => argument !== '--slow');
const tool = (name) => `node_modules/.bin/${name}`;
if (filters.length === 0 && !slow) {
  run(tool('tsc'), ['--noEmit']);
  run(tool('tsc'), ['--noEmit', '-p', 'webview']);
  run(tool('eslint'), ['.']);
  run(tool('prettier'), ['--check', '--log-level=warn', 'src', 'test', 'webview', 'bench', 'scripts']);
}
run(tool('vitest'), ['run', ...(slow ? ['test/slow'] : []), ...filters], {
  env: { ...process.env, ...(slow || process.env.CI ? { FORGETTING_LAB_SLOW: '1' } : {}) },
});
