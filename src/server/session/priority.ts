// The priority of a session: the editor and the server come first.
import { constants, getPriority, setPriority } from 'node:os';

/** Lowers the priority of this process; one that is lower already, or cannot be set, stays as it is. */
export function stepBack(): void {
  try {
    const wanted = constants.priority.PRIORITY_BELOW_NORMAL;
    // Higher numbers come later.
    if (getPriority() < wanted) setPriority(wanted);
  } catch {
    // The system refuses: the work is done all the same.
  }
}
