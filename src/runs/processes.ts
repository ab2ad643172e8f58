// Is a process still the one that somebody wrote down? Process ids are used again, so the start of a process is compared
// as well where the system tells it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * What tells a process from a later one with its id: field 22 of /proc/PID/stat (start in clock ticks since boot) on Linux, the
 * start time that `ps` prints on macOS, and on Windows, where asking takes most of a second, the start of the machine, as all
 * of its processes end with it. '' when there is no such process, or nobody tells.
 */
export function processStart(pid: number, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return `${bootMark}${bootSeconds()}`;
  try {
    if (platform === 'linux') return statField(pid);
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const ps = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env, timeout: 2000 });
    return ps.status === 0 ? ps.stdout.trim() : '';
  } catch {
    return '';
  }
}

function statField(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

const bootMark = 'boot ';
/** The clock may be set meanwhile, and a machine takes longer than this to start. */
const bootTolerance = 20;
const bootSeconds = (): number => Math.round(Date.now() / 1000 - uptime());

/** Whether a process that was written down with its start still runs. A dead one that nobody has waited for counts as gone. */
export function isSameProcess(pid: number, start: string, platform: NodeJS.Platform = process.platform): boolean {
  if (!isAlive(pid) || isZombie(pid)) return false;
  if (start === '') return true;
  const now = processStart(pid, platform);
  if (!start.startsWith(bootMark)) return start === now;
  return Math.abs(Number(start.slice(bootMark.length)) - Number(now.slice(bootMark.length))) <= bootTolerance;
}

function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] === 'Z';
  } catch {
    return false;
  }
}
