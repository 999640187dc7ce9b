/** A scale from values to the axis, and the round values that are marked on it. */
export interface Axis {
  /** 0 at the lower end of the axis, 1 at its upper end. */
  position(value: number): number;
  readonly ticks: readonly number[];
  readonly isLogarithmic: boolean;
}

/** From this ratio of highest to lowest on, equal percentages should look equal: a logarithmic axis. */
const LOG_FROM_RATIO = 3;
/** Steps within a power of ten, from sparse to dense. */
const LOG_STEPS = [
  [1],
  [1, 3],
  [1, 2, 5],
  [1, 1.5, 2, 3, 4, 6, 8],
  [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9],
];
const FEWEST_LOG_TICKS = 4;

/** An axis over positive values, a little wider than they are; logarithmic where they span more than threefold. */
export function growthAxis(lowest: number, highest: number): Axis {
  return highest / lowest >= LOG_FROM_RATIO
    ? logAxis(lowest / 1.05, highest * 1.05)
    : linearAxis(lowest - pad(lowest, highest), highest + pad(lowest, highest), 6);
}

/** A linear axis from `low` to `high` exactly, with about `tickCount` ticks at steps of 1, 2, 2.5 or 5 times a power of ten. */
export function linearAxis(low: number, high: number, tickCount: number): Axis {
  const step = roundStep((high - low) / tickCount);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return {
    position: (value) => (value - low) / (high - low),
    ticks: Array.from({ length: last - first + 1 }, (_, index) =>
      // The product of a step like 0.1 carries a rounding error that a label would show.
      Number(((first + index) * step).toPrecision(12)),
    ),
    isLogarithmic: false,
  };
}

function logAxis(low: number, high: number): Axis {
  const fromPower = Math.floor(Math.log10(low));
  const powers = Array.from(
    { length: Math.ceil(Math.log10(high)) - fromPower + 1 },
    (_, index) => fromPower + index,
  );
  const candidates = LOG_STEPS.map((steps) =>
    powers
      .flatMap((power) => steps.map((step) => Number((step * 10 ** power).toPrecision(12))))
      .filter((value) => value >= low && value <= high),
  );
  return {
    position: (value) => Math.log(value / low) / Math.log(high / low),
    ticks: candidates.find((ticks) => ticks.length >= FEWEST_LOG_TICKS) ?? candidates.at(-1) ?? [],
    isLogarithmic: true,
  };
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5].find((one) => one * power >= rough * 0.999) ?? 10;
  return factor * power;
}

/** A twentieth of the range; a flat line gets room as if it had moved by a twentieth of itself. */
function pad(lowest: number, highest: number): number {
  return (highest - lowest || highest) / 20;
}
