// What a command prints: JSON Lines or plain text on stdout, everything about progress and mishaps on stderr. Writing
// waits for a slow reader, so that memory stays flat however much is printed.
import { once } from 'node:events';
import { describeError, LabError } from '../shared/errors.ts';

export interface Output {
  /** JSON Lines instead of text. */
  readonly json: boolean;
  /** Prints one value as a line of JSON; only with `json`. */
  readonly value: (value: object) => Promise<void>;
  /** Prints a line of text; not with `json`. */
  readonly text: (line: string) => Promise<void>;
  /** Says something on stderr. */
  readonly note: (line: string) => void;
}

/** The output of this process. */
export function createOutput(json: boolean): Output {
  return {
    json,
    value: async (value) => {
      if (json) await write(`${JSON.stringify(value)}\n`);
    },
    text: async (line) => {
      if (!json) await write(`${line}\n`);
    },
    note: (line) => {
      process.stderr.write(`${line}\n`);
    },
  };
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** A reader such as `head` that has seen enough is no error. */
export function endQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/** Prints an error: for a person on stderr, with `json` as a line on stdout as well. */
export async function printError(error: unknown, json: boolean): Promise<void> {
  if (json) {
    const code = error instanceof LabError ? error.code : 'internal';
    const remedy = error instanceof LabError ? error.remedy : undefined;
    const message = error instanceof Error ? error.message : String(error);
    await write(`${JSON.stringify({ kind: 'error', code, message, ...(remedy === undefined ? {} : { remedy }) })}\n`);
    return;
  }
  // A list of problems is not continued with a sentence.
  const isList = error instanceof LabError && error.message.includes('\n');
  process.stderr.write(
    isList ? `Error: ${error.message}\n${error.remedy ?? ''}\n` : `Error: ${describeError(error)}\n`,
  );
  if (!(error instanceof LabError) && error instanceof Error && error.stack) {
    process.stderr.write(`This is a bug of forgetting-lab. ${error.stack}\n`);
  }
}
