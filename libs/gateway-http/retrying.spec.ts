import { ConnectionFailure, problemFrom, retryAfterSecondsFrom } from './gateway-problem';
import { retrying } from './retrying';
import { notingClock } from './spec/noting-clock';

const random = { next: () => 0.5 };
const refusal = (status: number, retryAfter?: string) =>
  problemFrom(status, JSON.stringify({ code: `test.${status}` }), retryAfter, 0);

describe('retrying', () => {
  const trying = async (failures: Error[], settings: object = {}) => {
    const waits: number[] = [];
    let attempts = 0;
    const outcome = await retrying(
      async () => {
        const failure = failures[attempts];
        attempts += 1;
        if (failure !== undefined) throw failure;
        return 'done';
      },
      { clock: notingClock(waits), random, ...settings },
    ).catch((error: unknown) => error);
    return { waits, attempts, outcome };
  };

  it.each([
    ['a connection that failed', new ConnectionFailure('reset')],
    ['429', refusal(429)],
    ['500', refusal(500)],
    ['503', refusal(503)],
    ['507', refusal(507)],
  ])('tries again after %s', async (_name, failure) => {
    expect(await trying([failure])).toMatchObject({ outcome: 'done', attempts: 2, waits: [250] });
  });

  it.each([400, 401, 403, 404, 409, 413, 415, 422])('does not after %i', async (status) => {
    const failure = refusal(status);
    expect(await trying([failure])).toMatchObject({ outcome: failure, attempts: 1 });
  });

  it('does not after bytes that are damaged, which no later try would find whole', async () => {
    const damaged = problemFrom(500, JSON.stringify({ code: 'artifact.corrupt' }), undefined, 0);
    expect(await trying([damaged])).toMatchObject({ attempts: 1, outcome: damaged });
  });

  it('does not after an error that is no answer at all', async () => {
    const bug = new TypeError('bug');
    expect(await trying([bug])).toMatchObject({ outcome: bug, attempts: 1 });
  });

  it('backs off by doubling, up to a bound', async () => {
    const { waits } = await trying(Array.from({ length: 9 }, () => refusal(503)));
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
  });

  it('waits as long as Retry-After asks, but no longer than an hour', async () => {
    const { waits } = await trying([refusal(429, '7'), refusal(503, '86400')]);
    expect(waits).toEqual([7000, 3_600_000]);
  });

  it('gives up after the tries it was given', async () => {
    const failures = [refusal(503), refusal(503), refusal(500)];
    const { outcome, attempts } = await trying(failures, { maxAttempts: 3 });
    expect([outcome, attempts]).toEqual([failures[2], 3]);
  });

  it("ends with the signal's reason, in mid-wait too", async () => {
    const stopping = new AbortController();
    const reason = new Error('stopping');
    const onRetry = () => stopping.abort(reason);
    const { outcome, attempts } = await trying([refusal(503)], {
      signal: stopping.signal,
      onRetry,
    });
    expect([outcome, attempts]).toEqual([reason, 1]);
  });
});

describe('an error answer', () => {
  it('is read as its problem document', () => {
    const body = { code: 'lease.lost', title: 'Lost', detail: 'taken', kept: true };
    expect(problemFrom(409, JSON.stringify(body), undefined, 0)).toMatchObject({
      status: 409,
      code: 'lease.lost',
      detail: 'taken',
      retryAfterSeconds: null,
      members: { kept: true },
    });
  });

  it.each(['<html>502</html>', '', '[]', 'null', '{"error":"x"}'])('is told apart: %p', (body) => {
    expect(problemFrom(502, body, '3', 0)).toMatchObject({
      code: 'http.502',
      retryAfterSeconds: 3,
    });
  });

  it.each([
    ['120', 120],
    ['Thu, 01 Jan 1970 00:01:00 GMT', 59],
    ['Wed, 31 Dec 1969 00:00:00 GMT', 0],
    ['soon', null],
    [undefined, null],
  ])('asks for patience by Retry-After: %p', (header, seconds) => {
    expect(retryAfterSecondsFrom(header, 1000)).toBe(seconds);
  });
});
