import { readHttpDate } from '@foreman/kernel';

/** No receiver may put a delivery off for longer than the schedule's own longest pause. */
export const LONGEST_RETRY_AFTER_MS = 86_400_000;

const DELTA_SECONDS = /^\d{1,10}$/;

/** The wait that a `Retry-After` header (RFC 9110, 10.2.3) asks for, in ms; null for none or nonsense. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? '';
  const at = DELTA_SECONDS.test(text) ? now + Number(text) * 1000 : readHttpDate(text);
  return at === null ? null : Math.min(Math.max(0, at - now), LONGEST_RETRY_AFTER_MS);
}
