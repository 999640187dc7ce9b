import { invalidField } from '@foreman/kernel';

/**
 * A time of a request in ms since the epoch. ISO 8601 also writes weeks, days of a year and compact times, which
 * JavaScript cannot read. @throws `request.invalid` at `path`.
 */
export function epochMs(time: string | undefined, path: string): number | undefined {
  if (time === undefined) return undefined;
  const at = Date.parse(time);
  if (Number.isNaN(at)) throw invalidField(path, 'must be a time like 2026-11-22T06:00:00.000Z');
  return at;
}
