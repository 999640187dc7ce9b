import { type Series, at } from '../../backtest/series';

/**
 * The bars to draw so that a curve of any length looks as if all were drawn: of each of `buckets` equal stretches
 * the first, lowest, highest and last. Peaks and troughs survive, which every n-th bar would lose.
 */
export function barsToDraw(curve: Series, buckets: number): number[] {
  const perBucket = Math.max(1, curve.length / buckets);
  const bars = new Set<number>();
  for (let bucket = 0; bucket * perBucket < curve.length; bucket++) {
    const first = Math.floor(bucket * perBucket);
    const last = Math.min(curve.length, Math.floor((bucket + 1) * perBucket)) - 1;
    let [lowest, highest] = [first, first];
    for (let bar = first; bar <= last; bar++) {
      if (at(curve, bar) < at(curve, lowest)) lowest = bar;
      if (at(curve, bar) > at(curve, highest)) highest = bar;
    }
    for (const bar of [first, lowest, highest, Math.max(first, last)]) bars.add(bar);
  }
  return [...bars].sort((a, b) => a - b);
}
