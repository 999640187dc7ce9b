import { invalidField } from '@foreman/kernel';

/** What a heartbeat may say; absent fields keep their last values. */
export interface ProgressReport {
  /** False: the agent holds the task but has not begun; anything else proves that it has. */
  readonly started?: boolean;
  readonly processed?: number;
  readonly total?: number;
  /** At most 200 characters; the edge face cuts longer ones. */
  readonly status?: string;
  readonly counters?: Readonly<Record<string, number>>;
  /** Grows from heartbeat to heartbeat of a lease, so that a late copy of an older one is known by it. */
  readonly sequence?: number;
}

/** A report as it came, its fields not yet looked at. */
export type UncheckedReport = { readonly [Field in keyof ProgressReport]?: unknown };

export type ProgressField = keyof ProgressReport;

const MAX_COUNTERS = 50;
const MAX_COUNTER_NAME = 100;
export const PROGRESS_STATUS_LIMIT = 200;

interface FieldRule {
  readonly isGood: (value: unknown) => boolean;
  readonly rule: string;
}

const COUNT: FieldRule = { isGood: isCount, rule: 'must be a whole number of at least 0' };

const RULES: Readonly<Record<ProgressField, FieldRule>> = {
  started: { isGood: (value) => typeof value === 'boolean', rule: 'must be true or false' },
  processed: COUNT,
  total: COUNT,
  status: {
    isGood: (value) => typeof value === 'string' && value.length <= PROGRESS_STATUS_LIMIT,
    rule: `must be at most ${PROGRESS_STATUS_LIMIT} characters`,
  },
  counters: { isGood: areCounters, rule: `must be at most ${MAX_COUNTERS} named finite numbers` },
  sequence: COUNT,
};

/** Where a bad field costs its call. @throws `request.invalid` */
export function checkReport(report: ProgressReport): void {
  const [bad] = badFields(report);
  if (bad !== undefined) throw invalidField(bad, RULES[bad].rule);
}

/** Where a bad field costs itself only: the report without it, and which fields were left out. */
export function usableReport(report: UncheckedReport): {
  readonly usable: ProgressReport;
  readonly ignored: readonly ProgressField[];
} {
  const ignored = badFields(report);
  const good = FIELDS.filter((field) => !ignored.includes(field));
  const said = good.map((field) => [field, report[field] ?? undefined]);
  return { usable: Object.fromEntries(said) as ProgressReport, ignored };
}

const FIELDS = Object.keys(RULES) as ProgressField[];

/** Null is as if the field were left out. */
function badFields(report: UncheckedReport): ProgressField[] {
  return FIELDS.filter((field) => {
    const value = report[field] ?? undefined;
    return value !== undefined && !RULES[field].isGood(value);
  });
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function areCounters(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const counters = Object.entries(value);
  return (
    counters.length <= MAX_COUNTERS &&
    counters.every(([name, count]) => name.length <= MAX_COUNTER_NAME && Number.isFinite(count))
  );
}
