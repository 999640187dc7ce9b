import * as fc from 'fast-check';
import { LeaseFence } from '@foreman/jobs';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { ResultIngestion } from '../result-ingestion';
import type { MetricValue } from '../result-row';
import { ResultsModule } from '../results.module';
import { ResultSweep } from '../rows/result-sweep';
import { RowPages } from '../rows/row-pages';
import { RowSets } from '../rows/row-sets';
import { MetricColumns } from './metric-columns';

type Metrics = Record<string, MetricValue>;

interface Post {
  readonly what: 'post';
  readonly task: 0 | 1;
  readonly from: number;
  readonly count: number;
  readonly seed: number;
  /** How many names the metrics are spread over. */
  readonly names: number;
}

type Step =
  | Post
  | { readonly what: 'elsewhere'; readonly count: number }
  | { readonly what: 'fresh' | 'resume'; readonly task: 0 | 1 }
  | { readonly what: 'sweep' };

const ODD_NAMES = ['__proto__', 'a"b', '', '\ud800', '\ufffd', 'constructor', 'm1'];

describe('metric columns', () => {
  let engine: TestEngine;
  let columns: MetricColumns;
  let jobId: string;
  let leases: [TestLease, TestLease];
  let elsewhere: TestLease;

  beforeEach(async () => {
    engine = await openTestEngine(ResultsModule.forRoot());
    columns = engine.get(MetricColumns);
    await newJobs();
  });

  afterEach(() => engine.close());

  async function newJobs(): Promise<void> {
    jobId = (await engine.submit({ tasks: [{}, {}] })).id;
    leases = [await engine.lease(jobId, 0), await engine.lease(jobId, 1)];
    elsewhere = await engine.lease((await engine.submit()).id);
  }

  const post = (lease: TestLease, rows: readonly { id: number; metrics: Metrics }[]) =>
    engine.get(ResultIngestion).postRows({
      ...lease,
      rows: rows.map(({ id, metrics }) => ({ configId: `c${id}`, config: { id }, metrics })),
    });

  const rowsOf = (count: number, metricsOf: (index: number) => Metrics, from = 0) =>
    Array.from({ length: count }, (_, index) => ({ id: from + index, metrics: metricsOf(index) }));

  async function leaseAgain(task: 0 | 1, isFresh: boolean): Promise<void> {
    const lease = await engine.lease(jobId, task);
    leases[task] = lease;
    if (!isFresh) return;
    await engine.unitOfWork.run(async (tx) => {
      const held = await engine.get(LeaseFence).hold(tx, { ...lease, now: engine.clock.now() });
      await engine.get(RowSets).startFresh(tx, held);
    });
  }

  async function take(step: Step): Promise<void> {
    if (step.what === 'sweep') await engine.get(ResultSweep).runOnce();
    else if (step.what === 'post') await post(leases[step.task], randomRows(step));
    else if (step.what === 'elsewhere')
      await post(
        elsewhere,
        rowsOf(step.count, () => ({ m1: 1 })),
      );
    else await leaseAgain(step.task, step.what === 'fresh');
  }

  /** `[taskIndex, rowId, ...values]` of every row, as the columns tell it. */
  async function told(metrics: readonly string[], upTo: number): Promise<number[][]> {
    const rows: number[][] = [];
    for await (const slice of columns.read(engine.reads, jobId, metrics, upTo)) {
      slice.rowIds.forEach((id, position) => {
        const values = metrics.map((name) => slice.values.get(name)?.[position] ?? Infinity);
        rows.push([slice.taskIndex, id, ...values]);
      });
    }
    return rows;
  }

  /** The same by parsing every row. */
  async function parsed(metrics: readonly string[], upTo: number): Promise<number[][]> {
    const rows: number[][] = [];
    for await (const page of engine.get(RowPages).all(jobId, upTo)) {
      for (const row of page) {
        const found = new Map(Object.entries(JSON.parse(row.metrics) as Metrics));
        const values = metrics.map((name) => found.get(name) ?? null);
        const numbers = values.map((value) => (value === null ? Number.NaN : Number(value)));
        rows.push([row.task_index, row.id, ...numbers]);
      }
    }
    return rows;
  }

  async function count(table: string): Promise<number> {
    const [row] = await engine.reads.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`);
    return Number(row?.n);
  }

  async function assertTold(metrics: readonly string[], upTo: number): Promise<void> {
    const expected = await parsed(metrics, upTo);
    const found = await told(metrics, upTo);
    expect(found.length).toBe(expected.length);
    const wrong = expected.findIndex((row, index) => !areSame(row, found[index] ?? []));
    expect({ wrong, row: found[wrong] }).toEqual({ wrong: -1, row: undefined });
  }

  it('tell what parsing every row tells, whatever came before', async () => {
    const task = fc.constantFrom(0 as const, 1 as const);
    const step: fc.Arbitrary<Step> = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          what: fc.constant('post' as const),
          task,
          from: fc.constantFrom(0, 100, 300, 5000),
          count: fc.constantFrom(1, 30, 120, 250, 499, 500, 501, 1100),
          seed: fc.nat(1000),
          names: fc.constantFrom(1, 3, 3, 8, 250),
        }),
      },
      { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('fresh', 'resume'), task }) },
      { weight: 1, arbitrary: fc.constant({ what: 'sweep' } as const) },
      {
        weight: 2,
        arbitrary: fc.record({
          what: fc.constant('elsewhere' as const),
          count: fc.constantFrom(1, 40),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 8 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (steps, part) => {
          await newJobs();
          for (const each of steps) await take(each);
          const last = await engine.get(RowPages).lastRowId();
          const names = ['m0', 'm1', 'm2', 'm7', 'm240', 'never', ...ODD_NAMES];
          await assertTold(names, last);
          await assertTold(['m1'], Math.floor(last * part));
        },
      ),
      { numRuns: 30 },
    );
  }, 120_000);
});

function areSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
}

/** Rows that a seed decides: a few metrics each, of the names' first `names`. */
function randomRows({ from, count, seed, names }: Post): { id: number; metrics: Metrics }[] {
  const next = (state: number) => (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  let state = seed;
  const draw = (below: number) => {
    state = next(state);
    return (state >>> 8) % below;
  };
  return Array.from({ length: count }, (_, index) => {
    const entries = Array.from({ length: draw(4) }, (): [string, MetricValue] => {
      const name = names === 8 ? ODD_NAMES[draw(ODD_NAMES.length)] : `m${draw(names)}`;
      const value = [draw(1000) / 7, -draw(9), -0, true, false, null, 1e300][draw(7)];
      return [name ?? '', value ?? null];
    });
    return { id: from + index, metrics: Object.fromEntries(entries) };
  });
}
