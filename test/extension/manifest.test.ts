// package.json against the code: what is promised to the editor is there, and nothing else.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { trustedCommands } from './texts.ts';

interface Menu {
  command: string;
  when?: string;
  group?: string;
}

interface Manifest {
  main: string;
  icon: string;
  activationEvents: string[];
  extensionKind: string[];
  capabilities: { untrustedWorkspaces: { supported: string; restrictedConfigurations: string[] } };
  contributes: {
    commands: { command: string; category: string }[];
    menus: Record<string, Menu[]>;
    configuration: { properties: Record<string, { scope: string; markdownDescription?: string }> };
    viewsWelcome: { view: string; contents: string; when: string }[];
    views: Record<string, { id: string; icon: string }[]>;
    customEditors: { viewType: string }[];
    walkthroughs: { steps: { media: { svg: string }; description: string; completionEvents: string[] }[] }[];
    colors: { id: string; defaults: Record<string, string> }[];
  };
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const { contributes } = manifest;
const declared = contributes.commands.map(({ command }) => command);
const sources = readdirSync('src/extension', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => readFileSync(path.join('src/extension', file), 'utf8'));
const code = sources.join('\n');
const registered = [...code.matchAll(/\b(?:command|registerCommand)\(\s*'(forgettingLab\.[\w.]+)'/g)].map(
  (match) => match[1]!,
);

describe('the manifest', () => {
  it('declares every command that is registered, internal ones aside', () => {
    expect(registered.filter((id) => !declared.includes(id) && !id.startsWith('forgettingLab.internal.'))).toEqual([]);
    expect(registered.filter((id, k) => registered.indexOf(id) !== k)).toEqual([]);
  });

  it('declares no command that is not registered', () => {
    expect(declared.filter((id) => !registered.includes(id))).toEqual([]);
  });

  it('shows fewer than 25 commands in the palette, each only where it applies', () => {
    const palette = new Map(contributes.menus['commandPalette']?.map(({ command, when }) => [command, when]));
    const shown = declared.filter((id) => palette.get(id) !== 'false');
    expect(shown.length).toBeLessThan(25);
    // The log can always be shown.
    expect(shown.filter((id) => !palette.has(id))).toEqual(['forgettingLab.showLog']);
    for (const { category } of contributes.commands) expect(category).toBe('Forgetting Lab');
  });

  it('offers what executes or writes in trusted workspaces only', () => {
    const ids = trustedCommands('src/extension').filter((id) => declared.includes(id));
    expect(ids).toContain('forgettingLab.stop');
    for (const [menu, items] of Object.entries(contributes.menus)) {
      const open = items.filter(
        ({ command, when = '' }) => ids.includes(command) && !/isWorkspaceTrusted|^false$/.test(when),
      );
      expect(
        open.map(({ command }) => command),
        menu,
      ).toEqual([]);
    }
  });

  it('welcomes nobody in Restricted Mode with what is refused there', () => {
    const words = JSON.parse(readFileSync('package.nls.json', 'utf8')) as Record<string, string>;
    const ids = trustedCommands('src/extension');
    const offering = contributes.viewsWelcome.filter(({ contents }) => {
      const text = words[contents.replaceAll('%', '')] ?? '';
      return [...text.matchAll(/\(command:([\w.]+)/g)].some(([, id]) => id !== undefined && ids.includes(id));
    });
    expect(offering.map(({ contents }) => contents)).toContain('%welcome.datasets%');
    expect(offering.filter(({ when }) => !/(?<!!)isWorkspaceTrusted/.test(when))).toEqual([]);
    // Whoever is not welcomed so is welcomed otherwise.
    const views = new Set(offering.map(({ view }) => view));
    const restricted = contributes.viewsWelcome.filter(({ when }) => when.includes('!isWorkspaceTrusted'));
    expect(new Set(restricted.map(({ view }) => view))).toEqual(views);
  });

  it('asks only for context keys that are set', () => {
    const whens = [...Object.values(contributes.menus).flat(), ...contributes.viewsWelcome].map(
      ({ when = '' }) => when,
    );
    const keys = whens.flatMap((when) => when.match(/(?<![=~] '?)\bforgettingLab\.\w+/g) ?? []);
    expect(keys).toContain('forgettingLab.filtered');
    expect(keys.filter((key) => !code.includes(`'${key}'`))).toEqual([]);
  });

  it('says of a filter without a match only that', () => {
    const whenOf = (text: string): string | undefined =>
      contributes.viewsWelcome.find(({ contents }) => contents === `%welcome.${text}%`)?.when;
    expect(whenOf('noMatch')).toMatch(/(?<!!)forgettingLab\.filtered/);
    for (const text of ['experiments', 'restricted']) expect(whenOf(text)).toContain('!forgettingLab.filtered');
  });

  it('has title buttons that take no argument: the editor hands them the row last clicked', () => {
    const silent = [...code.matchAll(/\bcommand\(\s*'(forgettingLab\.[\w.]+)',\s*(?:async )?\(\) =>/g)].map(
      (match) => match[1]!,
    );
    const buttons = contributes.menus['view/title']!.map(({ command }) => command);
    expect(buttons.filter((id) => !silent.includes(id))).toEqual([]);
  });

  it('offers what is about one thing for one row only, where several can be selected', () => {
    const about = [...code.matchAll(/\bcommand\(\s*'(forgettingLab\.[\w.]+)',\s*(?:async )?\((\w+)\) =>/g)];
    const single = about.map((match) => match[1]!);
    expect(single).toContain('forgettingLab.buildTargets');
    expect(single).not.toContain('forgettingLab.launch');
    const { menus } = contributes;
    const rows = menus['view/item/context']!.filter(({ when = '' }) => when.includes('forgettingLab.experiments'));
    // Buttons in a row are about that row.
    const entries = [...rows, ...menus['explorer/context']!].filter(({ group }) => !group?.startsWith('inline'));
    const offered = entries.filter(({ command }) => single.includes(command));
    expect(offered.filter(({ when = '' }) => !when.includes('!listMultiSelection'))).toEqual([]);
  });

  it('names only commands, views and menus that exist', () => {
    const items = Object.values(contributes.menus).flat();
    expect(items.map(({ command }) => command).filter((id) => !declared.includes(id))).toEqual([]);
    const views = Object.values(contributes.views).flatMap((list) => list.map(({ id }) => id));
    const named = items.flatMap(({ when = '' }) => [...when.matchAll(/view == (\S+)/g)].map((match) => match[1]!));
    expect(named.filter((id) => !views.includes(id))).toEqual([]);
  });

  it('describes settings, and restricts those that lead to execution', () => {
    const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    expect(manifest.capabilities.untrustedWorkspaces.supported).toBe('limited');
    for (const [name, { scope, markdownDescription }] of Object.entries(contributes.configuration.properties)) {
      expect(markdownDescription, name).toMatch(/^%.*%$/);
      if (/device|threads|folders|annotations\.model/.test(name)) {
        // No file of a workspace, trusted or not, may name what is loaded and run.
        expect(scope, name).toBe('machine');
        expect(restrictedConfigurations).toContain(name);
      }
    }
  });

  it('uses every setting', () => {
    const names = Object.keys(contributes.configuration.properties).map((name) => name.slice('forgettingLab.'.length));
    const isUsed = (name: string): boolean => code.includes(`${name}'`) || code.includes(`'${name.split('.').at(-1)}'`);
    expect(names.filter((name) => !isUsed(name))).toEqual([]);
  });

  it('is activated lazily', () => {
    expect(manifest.activationEvents).not.toContain('*');
    expect(manifest.activationEvents).not.toContain('onStartupFinished');
    // A dataset or an experiment file in a workspace without any experiment before: `workspaceContains` is looked at only
    // when it opens.
    for (const language of ['json', 'jsonl', 'yaml']) {
      expect(manifest.activationEvents).toContain(`onLanguage:${language}`);
    }
    expect(manifest.extensionKind).toEqual(['workspace']);
  });

  it('points at files that are there', () => {
    const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
    expect(steps).toHaveLength(5);
    const icons = Object.values(contributes.views).flatMap((list) => list.map(({ icon }) => icon));
    const files = [manifest.icon, ...icons, ...steps.map(({ media }) => media.svg)];
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('has pictures that follow the theme', () => {
    for (const { media } of contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps)) {
      const svg = readFileSync(media.svg, 'utf8');
      expect(svg, media.svg).toContain('var(--vscode-');
      expect(svg.replace(/var\([^)]*\)/g, ''), media.svg).not.toMatch(/#[0-9a-f]{3,8}\b|rgb\(/i);
    }
  });

  it('gives every colour a value in all four kinds of theme', () => {
    for (const { id, defaults } of contributes.colors) {
      expect(Object.keys(defaults).sort(), id).toEqual(['dark', 'highContrast', 'highContrastLight', 'light']);
    }
  });
});
