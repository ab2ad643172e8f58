// What the first argument of a command names. Menus hand over a row of a tree or an address, other commands a path.

/** The path behind a path, an address (`Uri`) or a row of a tree of ours; undefined for everything else. */
export function pathOf(argument: unknown): string | undefined {
  if (typeof argument === 'string') return argument === '' ? undefined : argument;
  if (typeof argument !== 'object' || argument === null) return undefined;
  const { path, fsPath } = argument as { path?: unknown; fsPath?: unknown };
  if (typeof fsPath === 'string') return fsPath;
  return typeof path === 'string' && path !== '' ? path : undefined;
}

/** The paths behind the arguments of a command on several rows: `(row, rows)`. */
export function pathsOf(one: unknown, all: unknown): string[] {
  const chosen = Array.isArray(all) && all.length > 0 ? (all as unknown[]) : Array.isArray(one) ? one : [one];
  return [...new Set(chosen.map(pathOf).filter((path) => path !== undefined))];
}
