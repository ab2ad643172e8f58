// When a run began, as rows and tabs say it.
import { plainText } from '../../shared/words.ts';

/** `2026-11-21 15:30` in local time. Takes an ISO time; what is none is shown as it is. */
export function minuteOf(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return plainText(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/**
 * The same where width is scarce: `15:30` of today, `11-20 15:30` of this year. A row has to show what came of the run, and
 * tooltip and tabs tell the date.
 */
export function shortMinuteOf(iso: string, now = new Date()): string {
  const whole = minuteOf(iso);
  const today = minuteOf(now.toISOString());
  const same = (length: number): boolean => whole.slice(0, length) === today.slice(0, length);
  if (same(11)) return whole.slice(11);
  return same(5) ? whole.slice(5) : whole;
}

/** The minutes in which more than one of the times lies. */
export function sharedMinutes(times: readonly string[]): Set<string> {
  const once = new Set<string>();
  const shared = new Set<string>();
  for (const minute of times.map(minuteOf)) {
    if (once.has(minute)) shared.add(minute);
    once.add(minute);
  }
  return shared;
}
