import type { MemoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import type { OpenPanel } from './openPanel.ts';

/** Passes on to a panel what the lab server tells, until the returned function is called. */
export function relay(lab: MemoryServer, panel: OpenPanel): () => void {
  let told = 0;
  const timer = setInterval(() => {
    for (const { method, params } of lab.messages.slice(told)) void panel.notify(method, params);
    told = lab.messages.length;
  }, 50);
  return () => clearInterval(timer);
}
