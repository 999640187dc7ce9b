import { LeaseFence } from '@foreman/jobs';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { MetricColumns, type MetricSlice } from '../columns/metric-columns';
import { ResultIngestion } from '../ingestion/result-ingestion';
import type { MetricValue } from '../result-row';
import { ResultsModule } from '../results.module';
import type { ResultsOptions } from '../results.options';
import { RowPages } from '../rows/row-pages';
import { RowSets } from '../rows/row-sets';

type Metrics = Record<string, MetricValue>;

export interface LabRow {
  readonly id: number;
  readonly metrics: Metrics;
}

/** Whose rows they are: a task of the job that is read, or another job, between whose rows they come. */
export type LabTask = 0 | 1 | 'elsewhere';

const ALL_ROWS = Number.MAX_SAFE_INTEGER;

/** A job of two tasks whose rows are read as columns, and again by parsing each of them. */
export class ColumnsLab {
  private constructor(
    readonly engine: TestEngine,
    public jobId: string,
    private readonly leases: Map<LabTask, TestLease>,
  ) {}

  static async open(options: ResultsOptions = {}): Promise<ColumnsLab> {
    const engine = await openTestEngine(ResultsModule.forRoot(options));
    const lab = new ColumnsLab(engine, '', new Map());
    await lab.newJobs();
    return lab;
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  async newJobs(): Promise<void> {
    this.jobId = (await this.engine.submit({ tasks: [{}, {}] })).id;
    const other = await this.engine.submit();
    this.leases.set(0, await this.engine.lease(this.jobId, 0));
    this.leases.set(1, await this.engine.lease(this.jobId, 1));
    this.leases.set('elsewhere', await this.engine.lease(other.id));
  }

  async post(task: LabTask, rows: readonly LabRow[]): Promise<void> {
    const lease = this.leases.get(task);
    if (lease === undefined) throw new Error(`Nobody holds task ${task}`);
    await this.engine.get(ResultIngestion).postRows({
      ...lease,
      rows: rows.map(({ id, metrics }) => ({ configId: `c${id}`, config: { id }, metrics })),
    });
  }

  /** A new lease of the task, which adopts its rows or does not. */
  async leaseAgain(task: 0 | 1, isResuming: boolean): Promise<void> {
    const lease = await this.engine.lease(this.jobId, task);
    this.leases.set(task, lease);
    if (isResuming) return;
    await this.engine.unitOfWork.run(async (tx) => {
      const claim = { ...lease, now: this.engine.clock.now() };
      await this.engine
        .get(RowSets)
        .startFresh(tx, await this.engine.get(LeaseFence).hold(tx, claim));
    });
  }

  slices(
    metrics: readonly string[],
    upToRowId = ALL_ROWS,
    taskIndex: number | null = null,
  ): AsyncGenerator<MetricSlice> {
    const scope = { jobId: this.jobId, taskIndex };
    return this.engine.get(MetricColumns).read(this.engine.reads, scope, metrics, upToRowId);
  }

  names(taskIndex: number | null = null): AsyncGenerator<readonly string[]> {
    const scope = { jobId: this.jobId, taskIndex };
    return this.engine.get(MetricColumns).names(this.engine.reads, scope, ALL_ROWS);
  }

  /** `[taskIndex, rowId, ...values]` of every row, as the columns tell it. */
  async told(metrics: readonly string[], upToRowId = ALL_ROWS): Promise<number[][]> {
    const rows: number[][] = [];
    for await (const { taskIndex, rowIds, values } of this.slices(metrics, upToRowId)) {
      rowIds.forEach((id, position) => {
        const numbers = metrics.map((name) => values.get(name)?.[position] ?? Infinity);
        rows.push([taskIndex, id, ...numbers]);
      });
    }
    return rows;
  }

  /** Throws unless the columns tell what parsing every row tells. */
  async assertTold(metrics: readonly string[], upToRowId = ALL_ROWS): Promise<void> {
    const expected = await this.parsed(metrics, upToRowId);
    const found = await this.told(metrics, upToRowId);
    const wrong = expected.findIndex((row, index) => !areSame(row, found[index] ?? []));
    if (found.length === expected.length && wrong === -1) return;
    throw new Error(
      `${found.length} rows of ${expected.length}; row ${wrong}: ${found[wrong]?.join()}, not ${expected[wrong]?.join()}`,
    );
  }

  async count(table: string): Promise<number> {
    const sql = `SELECT count(*) AS n FROM ${table}`;
    const [row] = await this.engine.reads.query<{ n: number }>(sql);
    return Number(row?.n);
  }

  async foldedRows(): Promise<number> {
    const sql = 'SELECT sum(folded_rows) AS n FROM row_sets';
    const [row] = await this.engine.reads.query<{ n: number }>(sql);
    return Number(row?.n);
  }

  private async parsed(metrics: readonly string[], upToRowId: number): Promise<number[][]> {
    const rows: number[][] = [];
    for await (const page of this.engine.get(RowPages).all(this.jobId, upToRowId)) {
      for (const row of page) {
        const found = new Map(Object.entries(JSON.parse(row.metrics) as Metrics));
        const values = metrics.map((name) => found.get(name) ?? null);
        const numbers = values.map((value) => (value === null ? Number.NaN : Number(value) + 0));
        rows.push([row.task_index, row.id, ...numbers]);
      }
    }
    return rows;
  }
}

export function rowsOf(count: number, metricsOf: (index: number) => Metrics, from = 0): LabRow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: from + index,
    metrics: metricsOf(index),
  }));
}

function areSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
}
