// Rows that could not be used, said on stderr at the end of a command.
import * as lab from '../lab/dropCounter.ts';
import { inEnglish } from '../shared/phrase.ts';
import type { Output } from './output.ts';

export interface DropCounter extends lab.DropCounter {
  /** Tells a person on stderr. */
  say(output: Output): void;
}

export function createDropCounter(): DropCounter {
  const counter = lab.createDropCounter();
  return { ...counter, say: (output) => lab.describeDrops(counter.reasons()).map(inEnglish).forEach(output.note) };
}
