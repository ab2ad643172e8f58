// What the work of a session gets besides itself.
import type { StopSignals } from '../../runs/session.ts';
import type { Reporter } from './reporter.ts';

export interface SessionTools extends StopSignals {
  reporter: Reporter;
}
