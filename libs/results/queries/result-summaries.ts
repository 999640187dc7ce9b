import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { MetricColumns } from '../columns/metric-columns';
import { assertKept, rowExtent } from '../rows/row-extent';
import { FirstNames } from './first-names';
import { FloatList } from './float-list';
import { HeavyReads } from './heavy-reads';
import { metricSummary, type MetricSummary } from './metric-summary';
import { isContradiction, type RowFilter } from './row-filter';
import { RowScan, scopeOf } from './row-scan';
import { rowFilter } from './filter-text';

export interface ResultSummary {
  /** Rows, with or without values. */
  readonly count: number;
  /** By name; those that have a value in one of the rows at least. */
  readonly metrics: ReadonlyMap<string, MetricSummary>;
  /** The job has more metrics than are summed up. */
  readonly isTruncated: boolean;
}

const MAX_METRICS = 100;

const NONE = new Float64Array(0);

/** Numbers in memory at once, 16 MiB of them, unless a single metric has more. */
const VALUES_AT_ONCE = 2_000_000;

/** Sums up the rows of a job that count. Whether the job may be seen is the caller's to check. */
@Injectable()
export class ResultSummaries {
  constructor(
    private readonly scan: RowScan,
    private readonly columns: MetricColumns,
    private readonly heavyReads: HeavyReads,
  ) {}

  /**
   * How many rows meet the conditions, and what their metrics are like; at most 100 of the metrics of
   * the job, or of the task that is asked for, the first by name. The rows are those that were there when it began.
   * @throws `request.invalid` for a condition that is none; `rate.limited` when too many such reads wait;
   * `results.dropped` when rows stopped counting meanwhile; `job.not_found`.
   */
  of(db: Queryable, jobId: string, where: readonly string[] = []): Promise<ResultSummary> {
    const filter = rowFilter(where);
    return this.heavyReads.run(() => this.sumUp(db, jobId, filter));
  }

  private async sumUp(db: Queryable, jobId: string, filter: RowFilter): Promise<ResultSummary> {
    const extent = await rowExtent(db, jobId);
    const rows = { db, jobId, filter, upToRowId: extent.upToRowId };
    const count = await this.count(rows);
    const names = new FirstNames(MAX_METRICS);
    if (!isContradiction(filter)) {
      const scope = scopeOf(jobId, filter);
      for await (const some of this.columns.names(db, scope, rows.upToRowId)) names.add(some);
    }
    const { first, hasMore } = names.end();
    const atOnce = Math.max(1, Math.floor(VALUES_AT_ONCE / Math.max(1, count)));
    const metrics = new Map<string, MetricSummary>();
    for (let start = 0; start < first.length && count > 0; start += atOnce) {
      const lists = await this.values(rows, first.slice(start, start + atOnce), count);
      for (const [name, list] of lists) {
        const values = list.toArray();
        if (values.length > 0) metrics.set(name, await metricSummary(values));
        await new Promise(setImmediate);
      }
    }
    await assertKept(db, extent);
    return { count, metrics, isTruncated: hasMore };
  }

  private async count({ db, jobId, filter, upToRowId }: Rows): Promise<number> {
    let count = 0;
    for await (const { slice, met } of this.scan.rows(db, jobId, filter, [], upToRowId)) {
      count += met === null ? slice.rowIds.length : met.reduce((sum, one) => sum + one, 0);
    }
    return count;
  }

  private async values(
    { db, jobId, filter, upToRowId }: Rows,
    names: readonly string[],
    capacity: number,
  ): Promise<ReadonlyMap<string, FloatList>> {
    const lists = new Map(names.map((name) => [name, new FloatList(capacity)]));
    for await (const { slice, met } of this.scan.rows(db, jobId, filter, names, upToRowId)) {
      for (const [name, list] of lists) {
        const column = slice.values.get(name) ?? NONE;
        for (let row = 0; row < column.length; row += 1) {
          const value = column[row] ?? Number.NaN;
          if (!Number.isNaN(value) && (met === null || met[row] === 1)) list.push(value);
        }
      }
    }
    return lists;
  }
}

interface Rows {
  readonly db: Queryable;
  readonly jobId: string;
  readonly filter: RowFilter;
  readonly upToRowId: number;
}
