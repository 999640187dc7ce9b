import * as fc from 'fast-check';
import { metricSummary } from './metric-summary';
import { selectRanks } from './rank-selection';

/** The definition, on sorted values (Hyndman and Fan 1996, type 7). */
function type7(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? low;
  const between = low * (1 - (place % 1)) + high * (place % 1);
  return Math.min(high, Math.max(low, between));
}

const ascending = (a: number, b: number) => a - b;

describe('the summary of a metric', () => {
  it('is that of the sorted values', async () => {
    const value = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(-0, 0, 1, 2, Number.MAX_VALUE, -Number.MAX_VALUE),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 200 }), async (values) => {
        const sorted = values.toSorted(ascending);
        const summary = await metricSummary(Float64Array.from(values));
        expect(summary.count).toBe(values.length);
        expect(summary.min + 0).toBe((sorted[0] ?? 0) + 0);
        expect(summary.max + 0).toBe((sorted.at(-1) ?? 0) + 0);
        const { p05, p25, p75, p95 } = summary.quantiles;
        const found = [p05, p25, summary.median, p75, p95];
        const expected = [0.05, 0.25, 0.5, 0.75, 0.95].map((share) => type7(sorted, share));
        expect(found.map((each) => each + 0)).toEqual(expected.map((each) => each + 0));
        expect(summary.mean).toBeGreaterThanOrEqual(summary.min);
        expect(summary.mean).toBeLessThanOrEqual(summary.max);
      }),
    );
  });

  it('has known quantiles', async () => {
    expect(await metricSummary(Float64Array.of(4, 1, 3, 2))).toEqual({
      count: 4,
      min: 1,
      max: 4,
      mean: 2.5,
      median: 2.5,
      quantiles: { p05: 1.15, p25: 1.75, p75: 3.25, p95: expect.closeTo(3.85, 12) },
    });
  });

  it('loses nothing of a sum, and does not overflow', async () => {
    expect(await metricSummary(Float64Array.of(1e100, 3, -1e100, 1))).toMatchObject({ mean: 1 });
    const huge = await metricSummary(Float64Array.of(1.6e308, 1.6e308, 1e308, 1e308));
    expect(huge.mean / 1.3e308).toBeCloseTo(1, 12);
  });
});

describe('places in an order', () => {
  const COUNT = 60_000;
  const ranks = [0, 1, 2999, 3000, 30_000, 59_998, 59_999];

  it.each<[string, (index: number) => number]>([
    ['scattered', (index) => Math.imul(index + 1, 2_654_435_761) >>> 0],
    ['ascending', (index) => index],
    ['descending', (index) => -index],
    ['all the same', () => 7],
    ['of few values', (index) => Math.imul(index, 7919) % 3],
    ['a roof', (index) => Math.min(index, COUNT - index)],
    ['steps of signs', (index) => (index % 2 === 0 ? index : -index)],
  ])('are found in numbers that are %s', async (_what, numberAt) => {
    const values = Float64Array.from({ length: COUNT }, (_, index) => numberAt(index));
    const sorted = values.toSorted();
    await selectRanks(values, ranks);
    expect(ranks.map((rank) => values[rank])).toEqual(ranks.map((rank) => sorted[rank]));
    expect(values.toSorted()).toEqual(sorted);
  });
});
