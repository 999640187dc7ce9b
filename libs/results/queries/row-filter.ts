import type { MetricSlice } from '../columns/metric-columns';

export type Comparison = '>=' | '<=' | '>' | '<' | '=' | '!=';

/** A metric against a number; booleans are 1 and 0. `null`: whether the row has a value at all, by = and != only. */
export interface MetricCondition {
  readonly metric: string;
  readonly comparison: Comparison;
  readonly value: number | null;
}

/** Conditions that a row has to meet, all of them. */
export interface RowFilter {
  readonly metrics: readonly MetricCondition[];
  /** Different ones contradict each other. */
  readonly configIds: readonly string[];
  readonly taskIndexes: readonly number[];
}

export function isEveryRow({ metrics, configIds, taskIndexes }: RowFilter): boolean {
  return metrics.length + configIds.length + taskIndexes.length === 0;
}

/** No row can meet it. */
export function isContradiction({ configIds, taskIndexes }: RowFilter): boolean {
  return new Set(configIds).size > 1 || new Set(taskIndexes).size > 1;
}

/**
 * Whether each row of the slice meets every condition on metrics: 1 or 0. Null: all of them do. A row
 * without a value meets `= null` and nothing else.
 */
export function metRows(
  { rowIds, values }: MetricSlice,
  conditions: readonly MetricCondition[],
): Uint8Array | null {
  if (conditions.length === 0) return null;
  const met = new Uint8Array(rowIds.length).fill(1);
  for (const { metric, comparison, value } of conditions) {
    const column = values.get(metric);
    if (column === undefined) return met.fill(0);
    const test = value === null ? ofNull(comparison) : TESTS[comparison];
    const against = value ?? Number.NaN;
    for (let row = 0; row < met.length; row += 1) {
      if (!test(column[row] ?? Number.NaN, against)) met[row] = 0;
    }
  }
  return met;
}

type Test = (value: number, against: number) => boolean;

/** NaN, which stands for no value, fails all of them but `!=`, and that says so itself. */
const TESTS: Readonly<Record<Comparison, Test>> = {
  '>=': (value, against) => value >= against,
  '<=': (value, against) => value <= against,
  '>': (value, against) => value > against,
  '<': (value, against) => value < against,
  '=': (value, against) => value === against,
  '!=': (value, against) => value !== against && !Number.isNaN(value),
};

function ofNull(comparison: Comparison): Test {
  return comparison === '=' ? Number.isNaN : (value) => !Number.isNaN(value);
}
