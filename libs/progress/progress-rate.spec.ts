import { progressRate, type ProgressPoint } from './progress-rate';

/** Reports of `[seconds since the last one, units done since then]`. */
function rateAfter(
  reports: readonly (readonly [seconds: number, units: number])[],
  from: number | null = null,
): number | null {
  let rate = from;
  let last: ProgressPoint = { processed: 0, at: 0 };
  for (const [seconds, units] of reports) {
    const next = { processed: last.processed + units, at: last.at + seconds * 1000 };
    rate = progressRate(rate, last, next);
    last = next;
  }
  return rate;
}

const times = <T>(count: number, report: T): T[] => Array.from({ length: count }, () => report);

describe('progress rate', () => {
  it('is told from the first growth on', () => {
    expect(rateAfter([[20, 0]])).toBeNull();
    expect(rateAfter([[20, 100]])).toBe(5);
    expect(
      rateAfter([
        [300, 0],
        [20, 100],
      ]),
    ).toBe(5);
  });

  it('does not believe in a first report that comes at once', () => {
    expect(rateAfter([[0.005, 100]])).toBe(100);
    expect(rateAfter([[0, 100]])).toBe(100);
  });

  it.each([1, 100])('comes to 10/s when that is the speed, from %d/s', (from) => {
    const oneConstant = rateAfter(times(3, [20, 200] as const), from);
    expect(oneConstant).toBeCloseTo(10 + (from - 10) * Math.exp(-1), 6);
    expect(rateAfter(times(60, [20, 200] as const), from)).toBeCloseTo(10, 6);
  });

  it('is the same however often an agent reports', () => {
    const seldom = rateAfter(times(6, [20, 200] as const), 1);
    expect(rateAfter(times(120, [1, 10] as const), 1)).toBeCloseTo(seldom ?? NaN, 9);
  });

  it('falls in a pause, to nothing in the end', () => {
    expect(rateAfter([[60, 0]], 10)).toBeCloseTo(10 * Math.exp(-1), 9);
    expect(rateAfter(times(100, [20, 0] as const), 10)).toBe(0);
    expect(rateAfter([[20, 200]], 0)).toBeGreaterThan(0);
  });

  it('keeps what came in the same millisecond', () => {
    const together = rateAfter([[20, 210]], 10) ?? NaN;
    const apart = rateAfter(
      [
        [20, 200],
        [0, 10],
      ],
      10,
    );
    expect(apart).toBeCloseTo(together, 1);
    expect(apart).toBeGreaterThan(10);
  });

  it('does not run backwards with the clock', () => {
    expect(rateAfter([[-3600, 60]], 10)).toBe(11);
  });

  it('starts anew with a counter that went down', () => {
    const last = { processed: 500, at: 0 };
    expect(progressRate(10, last, { processed: 20, at: 20_000 })).toBeNull();
    expect(progressRate(null, { processed: 20, at: 20_000 }, { processed: 40, at: 30_000 })).toBe(
      2,
    );
  });
});
