import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';

/** Seconds that a session took; undefined while it has not begun and ended. */
export function sessionSeconds({ startedAt, endedAt }: SessionSummary): number | undefined {
  const seconds = (Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '')) / 1000;
  return Number.isFinite(seconds) ? seconds : undefined;
}
