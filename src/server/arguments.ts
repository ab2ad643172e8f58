// What the server is started with.
import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';

export interface ServerArguments {
  /** Folder of the workspace, absolute. */
  workspace: string;
  /** Folder for queue and caches, absolute. */
  state: string;
  /** How long it stays when nobody is attached and nothing is held. */
  idleSeconds: number;
}

const usage = phrase('Usage: node server.js --workspace DIR --state DIR [--idle SECONDS]');

/** Reads the arguments; throws `usage`. */
export function readArguments(args: readonly string[]): ServerArguments {
  const { workspace, state, idle } = parse(args);
  if (!workspace || !state)
    throw new LabError('usage', phrase('The lab server needs a workspace and a folder for its state'), {
      remedy: usage,
    });
  const idleSeconds = Number(idle ?? 10);
  if (!(idleSeconds >= 0))
    throw new LabError('usage', phrase('--idle must be seconds, not "{0}"', String(idle)), { remedy: usage });
  return { workspace: resolve(workspace), state: resolve(state), idleSeconds };
}

function parse(args: readonly string[]): { workspace?: string; state?: string; idle?: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { workspace: { type: 'string' }, state: { type: 'string' }, idle: { type: 'string' } },
    });
    return values;
  } catch (error) {
    throw new LabError('usage', (error as Error).message, { remedy: usage, cause: error });
  }
}
