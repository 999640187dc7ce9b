import { invalidField } from '@foreman/kernel';
import type { SqlValue } from '@foreman/database';

/** What a page of rows is ordered by. */
export interface ResultSort {
  readonly metric: string;
  readonly order: 'asc' | 'desc';
}

const PREFIX = 'metrics.';
const MAX_METRIC_NAME = 200;

/** `metrics.<name>`, the only thing to sort by; null: in the order of arrival. @throws `request.invalid`. */
export function resultSort(sort: string | null, order: 'asc' | 'desc'): ResultSort | null {
  if (sort === null) return null;
  const metric = sort.startsWith(PREFIX) ? sort.slice(PREFIX.length) : '';
  if (metric === '' || metric.length > MAX_METRIC_NAME) {
    throw invalidField('sort', 'must be metrics.<name>, as metrics.sharpe');
  }
  return { metric, order };
}

/** A piece of SQL with its parameters. */
export interface SqlPart {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

/**
 * A metric's value as SQL: a number (booleans are 1 and 0), NULL where the row has none. A name that
 * would break out of a JSON path is looked up member by member instead: slower, but any name works.
 */
export function metricExpression(metric: string): SqlPart {
  return /["\\\p{Cc}]/u.test(metric)
    ? { sql: '(SELECT value FROM json_each(r.metrics) WHERE key = ?)', params: [metric] }
    : { sql: 'r.metrics ->> ?', params: [`$."${metric}"`] };
}

/** What comes after the row of a cursor: nulls last in both directions, ties by arrival. */
export function afterCursor(order: 'asc' | 'desc', value: number | null, id: number): SqlPart {
  if (value === null) return { sql: 'sort_value IS NULL AND id > ?', params: [id] };
  const beyond = order === 'asc' ? '>' : '<';
  return {
    sql: `(sort_value ${beyond} ? OR (sort_value = ? AND id > ?) OR sort_value IS NULL)`,
    params: [value, value, id],
  };
}
