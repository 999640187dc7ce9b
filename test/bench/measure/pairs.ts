import type { BenchPlan } from '../bench-plan';
import { median } from './quantiles';
import type { Sample } from './sample';

/** One round: Foreman, and what it is held against, with the same work. */
export interface Pair<T> {
  readonly subject: T;
  readonly baseline: T;
}

/** Foreman held against something that cannot do less. */
export interface Comparison {
  readonly name: string;
  readonly rounds: number;
  readonly subjectPerSecond: number;
  readonly baselinePerSecond: number;
  /** The median of the rounds' ratios, subject / baseline. 1: as fast. */
  readonly ratio: number;
  readonly lowestRatio: number;
  readonly highestRatio: number;
  /** The same in CPU time, over all rounds: steadier on a machine that has other work. Null: not told. */
  readonly cpuRatio: number | null;
}

/** Fewer have no median worth the name. */
const LEAST_ROUNDS = 3;

/**
 * The two sides right after one another, so that whatever else the machine does meets both. Who begins
 * changes from round to round.
 */
export async function measurePairs<T>(
  { rounds, budgetMs }: Pick<BenchPlan, 'rounds' | 'budgetMs'>,
  sidesOf: (round: number) => Promise<Pair<() => Promise<T>>>,
): Promise<Pair<T>[]> {
  const pairs: Pair<T>[] = [];
  const startedMs = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    if (round >= LEAST_ROUNDS && performance.now() - startedMs > budgetMs) break;
    const { subject, baseline } = await sidesOf(round);
    if (round % 2 === 0) {
      const first = await subject();
      pairs.push({ subject: first, baseline: await baseline() });
    } else {
      const first = await baseline();
      pairs.push({ subject: await subject(), baseline: first });
    }
  }
  return pairs;
}

export function compare(name: string, pairs: readonly Pair<Sample>[]): Comparison {
  const ratios = pairs.map(({ subject, baseline }) => subject.perSecond / baseline.perSecond);
  return {
    name,
    rounds: pairs.length,
    subjectPerSecond: median(pairs.map(({ subject }) => subject.perSecond)),
    baselinePerSecond: median(pairs.map(({ baseline }) => baseline.perSecond)),
    ratio: median(ratios),
    lowestRatio: Math.min(...ratios),
    highestRatio: Math.max(...ratios),
    cpuRatio: ratioOf(
      cpuOfAll(pairs.map(({ baseline }) => baseline)),
      cpuOfAll(pairs.map(({ subject }) => subject)),
    ),
  };
}

function ratioOf(baselineSeconds: number | null, subjectSeconds: number | null): number | null {
  return baselineSeconds === null || !subjectSeconds ? null : baselineSeconds / subjectSeconds;
}

function cpuOfAll(samples: readonly Sample[]): number | null {
  let sum = 0;
  for (const { cpuSeconds } of samples) {
    if (cpuSeconds === null) return null;
    sum += cpuSeconds;
  }
  return sum;
}
