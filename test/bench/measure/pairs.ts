import { median } from './quantiles';

/** What one round has measured on both sides, in operations a second. */
export interface Pair {
  readonly subject: number;
  readonly baseline: number;
}

/** Foreman held against something that cannot do less. */
export interface Comparison {
  readonly name: string;
  readonly subjectPerSecond: number;
  readonly baselinePerSecond: number;
  /** The median of the rounds' ratios, subject / baseline. 1: as fast. */
  readonly ratio: number;
  readonly lowestRatio: number;
  readonly highestRatio: number;
}

/**
 * One pair: the two sides right after one another, so that whatever else the machine does meets both.
 * Who begins changes from round to round.
 */
export async function measurePair<T>(
  round: number,
  subject: () => Promise<T>,
  baseline: () => Promise<T>,
): Promise<{ readonly subject: T; readonly baseline: T }> {
  if (round % 2 === 0) {
    const first = await subject();
    return { subject: first, baseline: await baseline() };
  }
  const first = await baseline();
  return { subject: await subject(), baseline: first };
}

export function compare(name: string, pairs: readonly Pair[]): Comparison {
  const ratios = pairs.map(({ subject, baseline }) => subject / baseline);
  return {
    name,
    subjectPerSecond: median(pairs.map(({ subject }) => subject)),
    baselinePerSecond: median(pairs.map(({ baseline }) => baseline)),
    ratio: median(ratios),
    lowestRatio: Math.min(...ratios),
    highestRatio: Math.max(...ratios),
  };
}
