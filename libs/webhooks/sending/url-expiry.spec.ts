import * as fc from 'fast-check';
import { signedUrlExpiry } from './url-expiry';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EVENT = Date.parse('2026-01-01T00:00:00.000Z');
/** The contract's schedule: what its last retry waits for, with the jitter of a tenth. */
const LAST_RETRY_MS =
  1.1 * (5 + 300 + 1800 + 7200 + 18_000 + 36_000 + 50_400 + 72_000 + 86_400) * 1000;

describe('signedUrlExpiry', () => {
  it('is a week after the event for the contract’s retries, so that their bodies are the same', () => {
    expect(signedUrlExpiry(EVENT, EVENT)).toBe(EVENT + 7 * DAY_MS);
    expect(signedUrlExpiry(EVENT, EVENT + LAST_RETRY_MS)).toBe(EVENT + 7 * DAY_MS);
    expect(signedUrlExpiry(EVENT, EVENT + 3.5 * DAY_MS - 1)).toBe(EVENT + 7 * DAY_MS);
    expect(signedUrlExpiry(EVENT, EVENT + 3.5 * DAY_MS)).toBe(EVENT + 10.5 * DAY_MS);
  });

  it('leaves from half a week to a week, however late the body is sent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * DAY_MS }), (late) => {
        const left = signedUrlExpiry(EVENT, EVENT + late) - (EVENT + late);
        expect(left).toBeGreaterThan(3.5 * DAY_MS);
        expect(left).toBeLessThanOrEqual(7 * DAY_MS);
      }),
    );
  });

  it('counts from the event while a clock that was set back says it has not happened yet', () => {
    expect(signedUrlExpiry(EVENT, EVENT - DAY_MS)).toBe(EVENT + 7 * DAY_MS);
  });
});
