import { FixedRandom } from '@foreman/testing';
import type { PostOutcome } from '../posting/post-outcome';
import { judge } from './delivery-schedule';

const NOW = 1_000_000;
const PAUSES_MS = [5000, 300_000];
const FRESH = { scheduleStep: 0, urlsOnly: false };

function answered(statusCode: number, retryAfterMs: number | null = null) {
  const isSuccess = statusCode >= 200 && statusCode < 300;
  return { statusCode, errorClass: isSuccess ? null : ('status' as const), retryAfterMs };
}

function verdict(
  outcome: Pick<PostOutcome, 'statusCode' | 'errorClass' | 'retryAfterMs'>,
  delivery = FRESH,
  draw = 0.5,
) {
  return judge(delivery, outcome, NOW, PAUSES_MS, new FixedRandom(draw));
}

describe('the schedule of deliveries', () => {
  it.each([200, 201, 204, 299])('%i is success', (statusCode) => {
    expect(verdict(answered(statusCode))).toEqual({ status: 'delivered' });
  });

  it.each([300, 301, 400, 401, 404, 429, 500, 503])('%i waits for the next pause', (statusCode) => {
    expect(verdict(answered(statusCode))).toEqual({
      status: 'pending',
      nextAttemptAt: NOW + 5000,
      scheduleStep: 1,
      urlsOnly: false,
    });
  });

  it.each([
    [0, 4500],
    [0.25, 4750],
    [0.999_999, 5500],
  ])('moves a pause by at most a tenth: draw %d', (draw, pauseMs) => {
    expect(verdict(answered(500), FRESH, draw)).toMatchObject({ nextAttemptAt: NOW + pauseMs });
  });

  it.each([
    [429, 60_000, 60_000],
    [503, 60_000, 60_000],
    [429, 1000, 5000],
    [429, null, 5000],
    [500, 60_000, 5000],
    [404, 60_000, 5000],
  ])('%i with Retry-After %s waits %i ms', (statusCode, retryAfterMs, waitMs) => {
    expect(verdict(answered(statusCode, retryAfterMs))).toMatchObject({
      nextAttemptAt: NOW + waitMs,
      scheduleStep: 1,
    });
  });

  it('is exhausted after the last pause, whatever is asked', () => {
    const last = { scheduleStep: 2, urlsOnly: false };

    expect(verdict(answered(500), last)).toEqual({ status: 'exhausted' });
    expect(verdict(answered(429, 1000), last)).toEqual({ status: 'exhausted' });
  });

  it('disables on 410', () => {
    expect(verdict(answered(410))).toEqual({ status: 'disabled' });
  });

  it('goes on at once by urls only after the first 413, even after the last pause', () => {
    expect(verdict(answered(413), { scheduleStep: 2, urlsOnly: false })).toEqual({
      status: 'pending',
      nextAttemptAt: NOW,
      scheduleStep: 2,
      urlsOnly: true,
    });
    expect(verdict(answered(413), { scheduleStep: 0, urlsOnly: true })).toEqual({
      status: 'pending',
      nextAttemptAt: NOW + 5000,
      scheduleStep: 1,
      urlsOnly: true,
    });
  });

  it('treats no answer like a bad one', () => {
    const outcome = { statusCode: null, errorClass: 'timeout' as const, retryAfterMs: null };

    expect(verdict(outcome)).toMatchObject({ status: 'pending', nextAttemptAt: NOW + 5000 });
  });
});
