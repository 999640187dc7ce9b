import { growthAxis, linearAxis } from './axis-ticks';
import { barsToDraw } from './curve-thinning';
import { timeTicks } from './time-ticks';

describe('axes', () => {
  it('marks round values without rounding errors', () => {
    expect(linearAxis(0, 1, 5).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearAxis(-0.57, 0, 3).ticks).toEqual([-0.4, -0.2, 0]);
    expect(growthAxis(0.95, 1.1).ticks).toEqual([0.95, 1, 1.05, 1.1]);
  });

  it('turns logarithmic from a threefold range on: equal gains are equal heights', () => {
    expect(growthAxis(1, 2.9).isLogarithmic).toBe(false);
    const axis = growthAxis(0.5, 100);
    expect(axis.isLogarithmic).toBe(true);
    expect(axis.position(2) - axis.position(1)).toBeCloseTo(axis.position(80) - axis.position(40));
    expect(axis.ticks).toEqual([1, 3, 10, 30, 100]);
  });
});

describe('timeTicks', () => {
  const labels = (from: string, to: string) =>
    timeTicks(Date.parse(from), Date.parse(to), 900).map(({ label }) => label);

  it.each([
    [
      '2000-01-03',
      '2020-04-17',
      ['2002', '2004', '2006', '2008', '2010', '2012', '2014', '2016', '2018', '2020'],
    ],
    ['2020-01-15', '2020-06-15', ['2020-02', '2020-03', '2020-04', '2020-05', '2020-06']],
    [
      '2020-01-01',
      '2020-01-04',
      [
        '01-01 00:00',
        '01-01 12:00',
        '01-02 00:00',
        '01-02 12:00',
        '01-03 00:00',
        '01-03 12:00',
        '01-04 00:00',
      ],
    ],
    [
      '2020-02-27',
      '2020-03-03',
      ['2020-02-27', '2020-02-28', '2020-02-29', '2020-03-01', '2020-03-02', '2020-03-03'],
    ],
    [
      '2020-01-01T09:30Z',
      '2020-01-01T10:10Z',
      ['09:30', '09:35', '09:40', '09:45', '09:50', '09:55', '10:00', '10:05', '10:10'],
    ],
  ])('marks %s to %s at round times', (from, to, expected) => {
    expect(labels(from, to)).toEqual(expected);
  });
});

describe('barsToDraw', () => {
  it('keeps the ends, and every peak and trough that a thinned curve would lose', () => {
    const curve = Float64Array.from({ length: 10_000 }, (_, bar) => Math.sin(bar / 300));
    curve[4_321] = 9;
    curve[8_765] = -9;
    const bars = barsToDraw(curve, 100);
    expect(bars.length).toBeLessThanOrEqual(400);
    expect(bars).toEqual(expect.arrayContaining([0, 4_321, 8_765, 9_999]));
    expect(bars).toEqual(bars.toSorted((a, b) => a - b));
  });

  it('draws every bar of a short curve', () => {
    expect(barsToDraw(Float64Array.of(1, 3, 2), 100)).toEqual([0, 1, 2]);
  });
});
