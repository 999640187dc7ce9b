/** After a change of speed about two thirds of it show in the rate: three heartbeats of a minute's lease. */
const TIME_CONSTANT_SECONDS = 60;

/** The first report may follow the lease at once: what was done before it would make a rate of thousands. */
const SHORTEST_FIRST_SECONDS = 1;

/** One unit in eleven days; less is nothing, so that what has stopped comes to exactly 0. */
const LEAST_RATE = 1e-6;

/** Units that were done up to a moment. */
export interface ProgressPoint {
  readonly processed: number;
  /** Epoch ms. */
  readonly at: number;
}

/**
 * Units a second after a report: an exponentially weighted mean with a time constant of 60 s. A report
 * of no more units counts too, as a pause, so that the mean is the same however often an agent reports.
 * The first growth gives the plain quotient; a counter that went down starts anew.
 * @param rate the one before; null: there is none yet
 * @param last the report before, or the lease's beginning
 * @returns null while it cannot be told
 */
export function progressRate(
  rate: number | null,
  last: ProgressPoint,
  next: ProgressPoint,
): number | null {
  const units = next.processed - last.processed;
  if (units < 0) return null;
  const seconds = Math.max(0, (next.at - last.at) / 1000);
  if (rate === null) return units === 0 ? null : units / Math.max(seconds, SHORTEST_FIRST_SECONDS);
  const smoothed = rate + change(rate, units, seconds);
  return smoothed < LEAST_RATE ? 0 : smoothed;
}

/** In no time at all it is the limit: units that came together count as much as if they had come one by one. */
function change(rate: number, units: number, seconds: number): number {
  if (seconds === 0) return units / TIME_CONSTANT_SECONDS;
  return (units / seconds - rate) * -Math.expm1(-seconds / TIME_CONSTANT_SECONDS);
}
