/** One number a bar; NaN where an indicator has not yet seen enough bars. */
export type Series = Float64Array;

/** The value at an index that the caller knows to be inside: bounds checks of the hot loops live in their conditions. */
export function at(series: Series | Uint8Array, index: number): number {
  return series[index] as number;
}
