// The page of the installed extension: it has no files beside it, and names commands as the palette does.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const page = readFileSync('media/extensionPage.md', 'utf8');

it('links to nothing that is not shipped', () => {
  const links = [...page.matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => target ?? '');
  expect(links.filter((target) => !target.startsWith('https://'))).toEqual([]);
});

it('names commands as the palette does', () => {
  const titles = new Set(Object.values(JSON.parse(readFileSync('package.nls.json', 'utf8')) as Record<string, string>));
  const named = [...page.matchAll(/^- \*\*([^*]+)\*\*/gm)].map(([, title]) => title);
  expect(named.length).toBeGreaterThan(4);
  expect(named.filter((title) => !titles.has(title ?? ''))).toEqual([]);
});
