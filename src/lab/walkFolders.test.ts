import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../data/testFolder.ts';
import { findLabFiles } from './findRuns.ts';
import { walkFolders } from './walkFolders.ts';

async function tree(...folders: string[]): Promise<string> {
  const root = await temporaryFolder();
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  return root;
}

async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
}

/** Relative paths of the folders a walk looks at. */
async function walked(root: string, options: { deepest?: number; links?: boolean } = {}): Promise<string[]> {
  const { deepest = 5, ...others } = options;
  const found: string[] = [];
  const walk = walkFolders(root, {
    skipped: new Set(['dist']),
    enter: (_, depth) => depth <= deepest,
    isLeaf: (path) => path.endsWith('leaf'),
    ...others,
  });
  for await (const { path } of walk) found.push(relative(root, path));
  return found;
}

test('levels one after the other, without dot folders, skipped names, and what is in a leaf', async () => {
  const root = await tree('a/deep/deeper', 'b', '.git/x', 'dist/x', 'b/leaf/x');
  expect(await walked(root)).toEqual(['', 'a', 'b', join('a', 'deep'), join('a', 'deep', 'deeper')]);
  expect(await walked(root, { deepest: 1 })).toEqual(['', 'a', 'b']);
});

test('links to folders are followed under their own path, the same folder once and its real path first', async () => {
  const elsewhere = await tree('far/below');
  const root = await tree('models', '.hidden/more', 'a/b/c/d');
  await link(join(root, 'again'), join(root, 'models'));
  await link(join(root, 'more'), join(root, '.hidden', 'more'));
  await link(join(root, 'far'), join(elsewhere, 'far'));
  await link(join(root, 'leading-nowhere'), join(root, 'nowhere'));
  // Within reach only by the link.
  await link(join(root, 'near'), join(root, 'a', 'b', 'c'));
  await writeFile(join(root, 'file'), '');
  await link(join(root, 'to-file'), join(root, 'file'));
  const shown = ['', 'a', 'models', join('a', 'b'), 'far', join('far', 'below'), 'more', 'near', join('near', 'd')];
  expect((await walked(root, { deepest: 2 })).sort()).toEqual(shown.sort());
  expect(await walked(root, { deepest: 2, links: false })).toEqual(['', 'a', 'models', join('a', 'b')]);
});

test('links in a circle end', async () => {
  const root = await tree('a/b');
  await link(join(root, 'a', 'b', 'up'), root);
  await link(join(root, 'a', 'self'), join(root, 'a'));
  expect(await walked(root)).toEqual(['', 'a', join('a', 'b')]);
});

test('runs behind a link are found by the path of the link', async () => {
  const scratch = await tree('runs/one', 'runs/two');
  for (const name of ['one', 'two']) {
    await writeFile(join(scratch, 'runs', name, 'config.json'), '{"formatVersion": 1}');
  }
  const root = await tree('project');
  await link(join(root, 'project', 'runs'), join(scratch, 'runs'));
  await link(join(root, 'project', 'latest'), join(scratch, 'runs', 'two'));
  const { runs, places } = await findLabFiles(root);
  expect(runs.map((run) => relative(join(root, 'project', 'runs'), run))).toEqual(['two', 'one']);
  expect(places.map((place) => relative(root, place))).toContain(join('project', 'runs'));
});
