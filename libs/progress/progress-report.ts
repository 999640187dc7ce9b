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
}

const MAX_COUNTERS = 50;
const MAX_COUNTER_NAME = 100;
export const PROGRESS_STATUS_LIMIT = 200;

/** @throws `request.invalid`; `prefix` says where in the body the report stands. */
export function checkReport(report: ProgressReport, prefix: string): void {
  checkCount(report.processed, `${prefix}processed`);
  checkCount(report.total, `${prefix}total`);
  if ((report.status?.length ?? 0) > PROGRESS_STATUS_LIMIT) {
    throw invalidField(`${prefix}status`, `must be at most ${PROGRESS_STATUS_LIMIT} characters`);
  }
  const counters = Object.entries(report.counters ?? {});
  const areGood = counters.every(
    ([name, value]) => name.length <= MAX_COUNTER_NAME && Number.isFinite(value),
  );
  if (!areGood || counters.length > MAX_COUNTERS) {
    throw invalidField(`${prefix}counters`, `must be at most ${MAX_COUNTERS} named finite numbers`);
  }
}

function checkCount(value: number | undefined, path: string): void {
  if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) {
    throw invalidField(path, 'must be a whole number of at least 0');
  }
}
