import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of the lab servers of a workspace, from /proc. */
export function labServersOf(folder: string): number[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.map(Number).filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return command.includes('dist/server.js') && command.includes(folder);
    } catch {
      return false;
    }
  });
}
