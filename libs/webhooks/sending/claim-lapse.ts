/**
 * Of a delivery: no sender is at it. A claim ends when its time has come; one that is twice as far away as a claim can
 * be was made before the clock was set back, and has lapsed too. Not sooner: clocks step back by milliseconds all the time,
 * and what is being posted must not be posted again for that. Bound by `lapseBounds`.
 */
export const NOT_CLAIMED = '(claimed_until IS NULL OR claimed_until <= ? OR claimed_until > ?)';

/** Claims that live end after the first and not after the second; epoch ms. */
export function lapseBounds(now: number, claimMs: number): [number, number] {
  return [now, now + 2 * claimMs];
}
