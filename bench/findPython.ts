// Finds a Python with torch, transformers and peft for the comparisons with Hugging Face. Nothing but those needs Python.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

export interface Python {
  command: string;
  /** Versions of Python and of the libraries, by name. */
  versions: Record<string, string>;
}

/** What a person does to get one. */
export const pythonRemedy =
  'run scripts/setupPython.sh, or set FORGETTING_LAB_PYTHON to a Python with torch, transformers and peft';

const PROBE = `
import json, platform, torch, transformers, peft
print(json.dumps({"python": platform.python_version(), "torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}))
`;

/**
 * FORGETTING_LAB_PYTHON where it is set (an error when that one lacks the libraries), otherwise the virtual environment
 * that scripts/setupPython.sh makes, otherwise the system's python3. Undefined when none will do.
 */
export function findPython(root: string): Python | undefined {
  const named = process.env.FORGETTING_LAB_PYTHON;
  if (named) {
    const python = probe(named);
    if ('problem' in python) throw new Error(`FORGETTING_LAB_PYTHON=${named} cannot be used: ${python.problem}`);
    return python;
  }
  const local = path.join(root, '.cache/python/bin/python');
  for (const command of [...(existsSync(local) ? [local] : []), 'python3']) {
    const python = probe(command);
    if (!('problem' in python)) return python;
  }
  return undefined;
}

function probe(command: string): Python | { problem: string } {
  const { status, stdout, stderr, error } = spawnSync(command, ['-c', PROBE], { encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) return { problem: error?.message ?? stderr.trim().split('\n').at(-1) ?? `exit code ${status}` };
  return { command, versions: JSON.parse(stdout) as Record<string, string> };
}
