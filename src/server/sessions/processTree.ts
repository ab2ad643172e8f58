// Ends a process with everything it has started.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Kills a process and all its descendants at once. A process that has gone is no error. */
export async function killTree(pid: number): Promise<void> {
  if (process.platform === 'win32') {
    await run('taskkill', ['/pid', String(pid), '/t', '/f'], { windowsHide: true }).catch(() => undefined);
    return;
  }
  const family = [pid, ...(await descendants(pid))];
  // Session processes lead a group of their own, which also holds children that have lost their parent.
  for (const target of [-pid, ...family]) kill(target);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended, or there is no such group.
  }
}

async function descendants(root: number): Promise<number[]> {
  const parents = (await parentsFromProc()) ?? (await parentsFromPs());
  const found: number[] = [];
  const open = [root];
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    for (const [pid, its] of parents) {
      if (its !== parent || found.includes(pid)) continue;
      found.push(pid);
      open.push(pid);
    }
  }
  return found;
}

/** Parent of every process, from /proc; undefined on systems without it. */
async function parentsFromProc(): Promise<Map<number, number> | undefined> {
  const names = await readdir('/proc').catch(() => undefined);
  if (!names?.includes('self')) return undefined;
  const parents = new Map<number, number>();
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => ''); // it has just ended
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent) parents.set(Number(name), Number(parent));
  }
  return parents;
}

async function parentsFromPs(): Promise<Map<number, number>> {
  const { stdout } = await run('ps', ['-axo', 'pid=,ppid=']).catch(() => ({ stdout: '' }));
  const pairs = stdout.split('\n').flatMap((line): [number, number][] => {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    return pid && parent !== undefined ? [[pid, parent]] : [];
  });
  return new Map(pairs);
}
