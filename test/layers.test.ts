// The import rules of ARCHITECTURE.md: layers import downwards only, nobody imports a test, and there are no cycles.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/** What each folder of src may import besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  shared: [],
  tokenizer: ['shared'],
  metrics: ['shared'],
  data: ['shared', 'tokenizer'],
  engine: ['shared'],
  recipes: ['shared', 'tokenizer', 'data', 'metrics', 'engine'],
  evals: ['shared', 'tokenizer', 'data', 'metrics', 'engine'],
  runs: ['shared', 'tokenizer', 'data', 'metrics', 'engine', 'recipes', 'evals'],
  report: ['shared', 'metrics', 'webview'],
  lab: ['shared', 'tokenizer', 'data', 'metrics', 'engine', 'recipes', 'evals', 'runs', 'report'],
  cli: ['shared', 'tokenizer', 'data', 'metrics', 'engine', 'recipes', 'evals', 'runs', 'report', 'lab'],
  server: ['shared', 'tokenizer', 'data', 'metrics', 'engine', 'recipes', 'evals', 'runs', 'report', 'lab'],
  extension: ['shared'],
  pocket: ['shared', 'tokenizer', 'data', 'metrics', 'engine', 'recipes', 'evals', 'runs'],
  webview: ['shared'],
};

/** Layers that must work with any engine see the interface and the checkpoint format, never an implementation. */
const ENGINE_NEUTRAL = ['recipes', 'evals'];
const ENGINE_FACADE = new Set(['src/engine/engine.ts', 'src/engine/safetensors.ts']);

/** Packages that would tie a pure layer to a runtime. */
const FORBIDDEN_PACKAGES: Record<string, RegExp> = {
  shared: /^(node:|vscode|onnxruntime)/,
  metrics: /^(node:|vscode|onnxruntime)/,
  tokenizer: /^(node:fs|node:child|vscode|onnxruntime)/,
  recipes: /^(vscode|onnxruntime)/,
  evals: /^(vscode|onnxruntime)/,
  report: /^(vscode|onnxruntime)/,
  lab: /^(vscode$|onnxruntime)/,
  server: /^(vscode$|onnxruntime)/,
  extension: /^onnxruntime/,
  webview: /^(node:|vscode$|onnxruntime)/,
};

interface Import {
  from: string;
  /** Repository path for relative imports, package name otherwise. */
  to: string;
  relative: boolean;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const specifiers = [
    ...text.matchAll(/^(?:import|export)\s[^;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gms),
  ];
  return specifiers.map((match) => {
    const to = match[1] ?? match[2] ?? match[3]!;
    const relative = to.startsWith('.');
    return { from: file, to: relative ? path.posix.join(path.posix.dirname(file), to) : to, relative };
  });
}

const layerOf = (file: string): string => (file.split('/')[0] === 'src' ? file.split('/')[1]! : file.split('/')[0]!);
const isTest = (file: string): boolean => /\.test\.ts$|\/testing\/|\/testing\.ts$|\/test[A-Z]\w*\.ts$/.test(file);

const files = [...sourceFiles('src'), ...sourceFiles('webview')];
const imports = files.flatMap(importsOf);

describe('imports', () => {
  it('finds the code', () => {
    expect(files.length).toBeGreaterThan(80);
    expect(imports.length).toBeGreaterThan(200);
  });

  it('go downwards only', () => {
    const wrong = imports.filter(({ from, to, relative }) => {
      const [source, target] = [layerOf(from), layerOf(to)];
      return relative && source !== target && !isTest(from) && !MAY_IMPORT[source]?.includes(target);
    });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('of recipes and evals know the engine interface only', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        ENGINE_NEUTRAL.includes(layerOf(from)) && !isTest(from) && layerOf(to) === 'engine' && !ENGINE_FACADE.has(to),
    );
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('of pure layers bring in no runtime', () => {
    const wrong = imports.filter(
      ({ from, to, relative }) => !relative && !isTest(from) && FORBIDDEN_PACKAGES[layerOf(from)]?.test(to),
    );
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('of shipped code name no test helper', () => {
    const wrong = imports.filter(({ from, to, relative }) => relative && !isTest(from) && isTest(to));
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('have no cycle', () => {
    const graph = new Map(
      files.map((file) => [
        file,
        importsOf(file)
          .filter((one) => one.relative)
          .map((one) => one.to),
      ]),
    );
    expect(findCycle(graph)).toBeUndefined();
  });
});

/** The files of one cycle in order, or undefined. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...trail, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}
