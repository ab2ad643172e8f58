// `npm run package [-- --target linux-x64] [--all]`: a VSIX per platform in dist/packages, with that platform's ONNX Runtime only.
import { createVSIX } from '@vscode/vsce';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, install, root } from './setup.mjs';

/** Platforms that onnxruntime-node has binaries for, and their folder there. */
const targets = {
  'linux-x64': 'linux/x64',
  'linux-arm64': 'linux/arm64',
  'darwin-arm64': 'darwin/arm64',
  'win32-x64': 'win32/x64',
  'win32-arm64': 'win32/arm64',
};

/** linux-x64 must stay below this. */
const limitBytes = 25e6;
const runtime = 'node_modules/onnxruntime-node/bin/napi-v6';

function chosenTargets(args) {
  if (args.includes('--all')) return Object.keys(targets);
  const named = args.flatMap((argument, index) => (argument === '--target' ? [args[index + 1]] : []));
  const unknown = named.find((name) => !(name in targets));
  if (unknown !== undefined) throw new Error(`--target ${unknown}: one of ${Object.keys(targets).join(', ')}`);
  return named.length > 0 ? named : [`${process.platform}-${process.arch}`];
}

/** .vscodeignore leaves out every platform's runtime; one of them is let back in. */
function ignoreFileFor(target) {
  const own = `${runtime}/${targets[target]}`;
  const duplicates = readdirSync(path.join(root, own)).filter((name) =>
    /^libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(name),
  );
  const lines = [`!${own}/**`, ...duplicates.map((name) => `${own}/${name}`)];
  const file = path.join(root, '.cache', `vscodeignore-${target}`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${readFileSync(path.join(root, '.vscodeignore'), 'utf8')}\n${lines.join('\n')}\n`);
  return file;
}

install();
build();
const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const folder = path.join(root, 'dist/packages');
mkdirSync(folder, { recursive: true });
for (const target of chosenTargets(process.argv.slice(2))) {
  const packagePath = path.join(folder, `${name}-${version}-${target}.vsix`);
  rmSync(packagePath, { force: true });
  await createVSIX({
    cwd: root,
    packagePath,
    target,
    ignoreFile: ignoreFileFor(target),
    allowMissingRepository: true,
    // The README links into the repository, which an installed extension has not.
    readmePath: 'media/extensionPage.md',
    rewriteRelativeLinks: false,
  });
  const { size } = statSync(packagePath);
  console.log(`${path.relative(root, packagePath)}  ${(size / 1e6).toFixed(1)} MB`);
  if (target === 'linux-x64' && size > limitBytes)
    throw new Error(`${packagePath} is larger than ${limitBytes / 1e6} MB`);
}
