const HOUR_MS = 3_600_000;
/** Half a week: longer than the contract's whole schedule of retries, which takes 75.6 hours. */
const STEP_MS = 84 * HOUR_MS;

/**
 * When signed URLs in a message's body expire, in epoch ms. In steps from the event on, so that a retry has the very
 * bytes of the try before it; and from 3.5 to 7 days (the longest that a URL may live) after this try, so that what
 * an operator sends again weeks later opens too.
 */
export function signedUrlExpiry(eventAt: number, now: number): number {
  const stepsBegun = Math.floor(Math.max(0, now - eventAt) / STEP_MS);
  return eventAt + (stepsBegun + 2) * STEP_MS;
}
