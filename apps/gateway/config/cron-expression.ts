import { type Parse, SettingRefused } from './setting-parsers';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const SECOND: Field = { min: 0, max: 59 };
const FIELDS: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 7, names: DAYS },
];

/** Five cron fields, or six with seconds first: stars, numbers, names, ranges, steps, lists. */
export const cronExpression: Parse<string> = (text) => {
  const parts = text.trim().split(/\s+/);
  const fields = parts.length === 6 ? [SECOND, ...FIELDS] : FIELDS;
  const isValid =
    parts.length === fields.length &&
    fields.every((field, index) => isFieldValid(field, parts[index] ?? ''));
  if (!isValid) {
    throw new SettingRefused(
      'must be a cron expression of 5 fields (or 6, seconds first), such as */5 * * * *',
    );
  }
  return parts.join(' ');
};

function isFieldValid(field: Field, text: string): boolean {
  return text.split(',').every((item) => {
    const match = /^(\*|[a-z0-9]+(?:-[a-z0-9]+)?)(?:\/(\d{1,2}))?$/.exec(item.toLowerCase());
    const range = match?.[1];
    if (range === undefined || match?.[2] === '0' || match?.[2] === '00') return false;
    if (range === '*') return true;
    const [from, to] = range.split('-').map((value) => fieldNumber(field, value));
    return (
      from !== undefined && from >= field.min && (to ?? from) >= from && (to ?? from) <= field.max
    );
  });
}

function fieldNumber(field: Field, text: string): number {
  const named = field.names?.indexOf(text) ?? -1;
  if (named >= 0) return named + field.min;
  return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
}
