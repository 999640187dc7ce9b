import { cutText } from '@foreman/kernel';

/** What a heartbeat may say; absent fields keep their last values. */
export interface ProgressReport {
  /** False: the agent holds the task but has not begun; anything else proves that it has. */
  readonly started?: boolean;
  readonly processed?: number;
  readonly total?: number;
  /** Cut at 200 characters. */
  readonly status?: string;
  readonly counters?: Readonly<Record<string, number>>;
  /** Grows from heartbeat to heartbeat of a lease, so that a late copy of an older one is known by it. */
  readonly sequence?: number;
}

/** A report as it came, its fields not yet looked at. */
export type UncheckedReport = { readonly [Field in keyof ProgressReport]?: unknown };

type ProgressField = keyof ProgressReport;

const MAX_COUNTERS = 50;
const MAX_COUNTER_NAME = 100;
const MAX_STATUS_CHARS = 200;

const IS_GOOD: Readonly<Record<ProgressField, (value: unknown) => boolean>> = {
  started: (value) => typeof value === 'boolean',
  processed: isCount,
  total: isCount,
  status: (value) => typeof value === 'string',
  counters: areCounters,
  sequence: isCount,
};

const FIELDS = Object.keys(IS_GOOD) as ProgressField[];

/** The report without what is bad in it, and which fields those were: they must not cost a lease. Null is as if left out. */
export function usableReport(report: UncheckedReport): {
  readonly usable: ProgressReport;
  readonly ignored: readonly ProgressField[];
} {
  const said = FIELDS.filter((field) => (report[field] ?? undefined) !== undefined);
  const good = said.filter((field) => IS_GOOD[field](report[field]));
  const usable = Object.fromEntries(good.map((field) => [field, report[field]])) as ProgressReport;
  const { status } = usable;
  return {
    usable:
      status === undefined ? usable : { ...usable, status: cutText(status, MAX_STATUS_CHARS) },
    ignored: said.filter((field) => !good.includes(field)),
  };
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
