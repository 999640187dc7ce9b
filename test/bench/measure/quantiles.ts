/** The value below which this share (0..1) of the values lies; nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  const value = sorted[rank];
  if (value === undefined) throw new RangeError('There is no quantile of nothing');
  return value;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
