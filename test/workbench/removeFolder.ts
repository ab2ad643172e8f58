import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Removes a folder that processes which are just ending may still write into. */
export async function removeFolder(folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      rmSync(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (attempt === 40) throw error;
      await sleep(250);
    }
  }
}
