// How long the extension holds its host at a time: the longest stretch of a CPU profile in which its code, or what it
// called, ran without a break. The host's other work (its own copies of documents, settings, collections) is left out.
import { Session } from 'node:inspector/promises';

const samplingMicroseconds = 500;

interface Profile {
  nodes: { id: number; callFrame: { url: string; functionName: string }; children?: number[] }[];
  samples?: number[];
  timeDeltas?: number[];
}

/** Milliseconds of the longest stretch while `action` goes on, and the function of ours that began it. */
export async function longestHandler(action: () => Promise<unknown>): Promise<{ ms: number; began: string }> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: samplingMicroseconds });
    await session.post('Profiler.start');
    await action();
    const { profile } = (await session.post('Profiler.stop')) as { profile: Profile };
    return longestStretch(profile);
  } finally {
    session.disconnect();
  }
}

function longestStretch({ nodes, samples = [], timeDeltas = [] }: Profile): { ms: number; began: string } {
  const entries = entriesOfOurs(nodes);
  let longest = { ms: 0, began: '' };
  let current = { ms: 0, began: '' };
  samples.forEach((node, index) => {
    const entry = entries.get(node);
    // A delta is the time since the sample before, so it belongs to what ran then.
    if (index > 0 && entries.get(samples[index - 1] as number) !== undefined)
      current.ms += (timeDeltas[index] ?? 0) / 1000;
    if (current.ms > longest.ms) longest = { ...current };
    if (entry === undefined) current = { ms: 0, began: '' };
    else if (current.began === '') current.began = entry;
  });
  return longest;
}

/** The outermost function of the extension above each node, for the nodes that have one. */
function entriesOfOurs(nodes: Profile['nodes']): Map<number, string> {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const entries = new Map<number, string>();
  for (const { id } of nodes) {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const { url, functionName } = byId.get(at)?.callFrame ?? { url: '', functionName: '' };
      if (url.endsWith('extension.cjs')) entries.set(id, functionName === '' ? '(anonymous)' : functionName);
    }
  }
  return entries;
}
