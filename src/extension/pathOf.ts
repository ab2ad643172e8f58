// What the first argument of a command names. Menus hand over a row of a tree or an address, other commands a path.

/** The path behind a path, an address (`Uri`) or a row of a tree of ours; undefined for everything else. */
export function pathOf(argument: unknown): string | undefined {
  if (typeof argument === 'string') return argument === '' ? undefined : argument;
  if (typeof argument !== 'object' || argument === null) return undefined;
  const { path, fsPath } = argument as { path?: unknown; fsPath?: unknown };
  if (typeof fsPath === 'string') return fsPath;
  return typeof path === 'string' && path !== '' ? path : undefined;
}

/** The rows behind the arguments of a command on several: `(row, rows)`, or all in the first. */
export function rowsOf(one: unknown, all: unknown): unknown[] {
  if (Array.isArray(all) && all.length > 0) return all;
  return Array.isArray(one) ? one : one === undefined || one === null ? [] : [one];
}

/** The paths behind them. */
export function pathsOf(one: unknown, all: unknown): string[] {
  return [
    ...new Set(
      rowsOf(one, all)
        .map(pathOf)
        .filter((path) => path !== undefined),
    ),
  ];
}
