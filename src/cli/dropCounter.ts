// Rows that could not be used, said on stderr at the end of a command.
import * as data from '../data/dropCounter.ts';
import { inEnglish } from '../shared/phrase.ts';
import type { Output } from './output.ts';

export interface DropCounter extends data.DropCounter {
  /** Tells a person on stderr. */
  say(output: Output): void;
}

export function createDropCounter(): DropCounter {
  const counter = data.createDropCounter();
  return { ...counter, say: (output) => data.describeDrops(counter.reasons()).map(inEnglish).forEach(output.note) };
}
