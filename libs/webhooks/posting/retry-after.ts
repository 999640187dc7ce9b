/** No receiver may put a delivery off for longer than the schedule's own longest pause. */
export const LONGEST_RETRY_AFTER_MS = 86_400_000;

const DELTA_SECONDS = /^\d{1,10}$/;
/** RFC 9110 IMF-fixdate, the one form that senders may use; Date.parse alone would take nearly anything. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The wait that a `Retry-After` header (RFC 9110, 10.2.3) asks for, in ms; null for none or nonsense. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? '';
  const waitMs = DELTA_SECONDS.test(text)
    ? Number(text) * 1000
    : HTTP_DATE.test(text)
      ? Date.parse(text) - now
      : Number.NaN;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(0, waitMs), LONGEST_RETRY_AFTER_MS);
}
