import { invalidField } from '@foreman/kernel';
import { jsonString, MAX_NAME } from './metric-name';

/** What a page of rows is ordered by: a metric, ties and rows without it by task and then by arrival. */
export interface RowOrder {
  readonly metric: string;
  readonly direction: 'asc' | 'desc';
}

const PREFIX = 'metrics.';

/**
 * `metrics.<name>`, the only thing to sort by; the name may be a JSON string, and must be where it
 * begins and ends with a quote itself. Null: in the order of arrival. @throws `request.invalid`.
 */
export function rowOrder(sort: string | null, direction: 'asc' | 'desc'): RowOrder | null {
  if (sort === null) return null;
  const text = sort.startsWith(PREFIX) ? sort.slice(PREFIX.length) : '';
  const metric = jsonString(text) ?? text;
  if (metric === '' || metric.length > MAX_NAME) {
    throw invalidField('sort', 'must be metrics.<name>, as metrics.sharpe');
  }
  return { metric, direction };
}
