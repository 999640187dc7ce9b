import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { ResultExports } from './result-exports';
import { ResultIngestion } from '../ingestion/result-ingestion';
import { ResultQueries, type ResultQuery } from './result-queries';
import { ResultsModule } from '../results.module';
import type { Comparison } from './row-filter';
import { ResultSummaries } from './result-summaries';

type Value = number | boolean | null;

interface Row {
  readonly taskIndex: number;
  readonly configId: string;
  readonly metrics: Readonly<Record<string, Value>>;
}

interface Condition {
  readonly metric: string;
  readonly comparison: Comparison;
  readonly value: Value;
}

const TASKS = 4;
const ROWS = 10_000;
const ADDED = 1000;
const METRICS = ['s', 'few', 'odd name, "x"'];

describe('ten thousand rows', () => {
  let engine: TestEngine;
  let jobId: string;
  let leases: TestLease[];
  /** In the order of arrival. */
  const rows: Row[] = [];

  beforeAll(async () => {
    engine = await openTestEngine(ResultsModule.forRoot());
    jobId = (await engine.submit({ tasks: Array.from({ length: TASKS }, () => ({})) })).id;
    leases = await Promise.all(
      Array.from({ length: TASKS }, (_, task) => engine.lease(jobId, task)),
    );
    // Whole chunks, ends of them, and single rows.
    for (const count of [1, 700, 249, 2500, 3]) await add(count, 0);
    for (const count of [3000, 251, 500]) await add(count, 1);
    await add(ROWS - rows.length - 120, 2);
    for (let more = 0; more < 120; more += 1) await add(1, 3);
  }, 60_000);

  afterAll(() => engine.close());

  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom<Value>(0, -0, 1, 2, 30, true, false, null),
  );
  const metricsOf = fc.record(
    { s: value, few: fc.constantFrom<Value>(1, 2, 3, null), [METRICS[2] ?? '']: value },
    { requiredKeys: [] },
  );

  async function add(count: number, taskIndex: number): Promise<void> {
    const added = fc.sample(metricsOf, count).map((metrics, index) => ({
      taskIndex,
      configId: `c${rows.length + index}`,
      metrics: metrics as Row['metrics'],
    }));
    const lease = leases[taskIndex];
    if (lease === undefined) throw new Error(`There is no task ${taskIndex}`);
    await engine.get(ResultIngestion).postRows({
      ...lease,
      rows: added.map(({ configId, metrics }) => ({ configId, config: {}, metrics })),
    });
    rows.push(...added);
  }

  async function pages(
    query: ResultQuery,
    limit: number,
    betweenPages: () => Promise<void>,
  ): Promise<string[]> {
    const found: string[] = [];
    for (let cursor: string | null = null; ;) {
      const asked = { ...query, limit, cursor };
      const page = await engine.get(ResultQueries).page(engine.reads, jobId, asked);
      found.push(...page.items.map(({ configId }) => configId));
      if (page.nextCursor === null) return found;
      cursor = page.nextCursor;
      await betweenPages();
    }
  }

  const condition: fc.Arbitrary<Condition> = fc.oneof(
    fc.record({
      metric: fc.constantFrom(...METRICS),
      comparison: fc.constantFrom<Comparison>('>=', '<=', '>', '<', '=', '!='),
      value: fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom<Value>(0, 1, 2, true, false),
      ),
    }),
    fc.record({
      metric: fc.constantFrom(...METRICS),
      comparison: fc.constantFrom<Comparison>('=', '!='),
      value: fc.constant(null),
    }),
  );
  const question = fc.record({
    sort: fc.option(fc.constantFrom(...METRICS)),
    order: fc.constantFrom('asc' as const, 'desc' as const),
    conditions: fc.array(condition, { maxLength: 2 }),
    taskIndex: fc.option(fc.nat(TASKS - 1), { freq: 4 }),
    limit: fc.constantFrom(150, 333, 500),
  });

  it('sorted and filtered page by page agree with a sort in memory, while a thousand are added', async () => {
    await fc.assert(
      fc.asyncProperty(question, async ({ sort, order, conditions, taskIndex, limit }) => {
        const there = [...rows];
        let toAdd = ADDED;
        const query = {
          sort: sort === null ? null : `metrics.${JSON.stringify(sort)}`,
          order,
          where: [
            ...conditions.map(written),
            ...(taskIndex === null ? [] : [`taskIndex=${taskIndex}`]),
          ],
        };
        const found = await pages(query, limit, async () => {
          const count = Math.min(toAdd, 100);
          toAdd -= count;
          if (count > 0) await add(count, toAdd % TASKS);
        });
        const meant = there.filter(
          (row) =>
            (taskIndex === null || row.taskIndex === taskIndex) &&
            conditions.every((each) => meets(row, each)),
        );
        const expected = inOrder(meant, sort, order).map(({ configId }) => configId);
        const wrong = expected.findIndex((configId, index) => found[index] !== configId);
        expect({ wrong, found: found.length }).toEqual({ wrong: -1, found: expected.length });
      }),
      { numRuns: 12 },
    );
  }, 180_000);

  it('are exported in the order and with the conditions of their pages', async () => {
    const query = { sort: 'metrics.few', order: 'asc', where: ['metrics.s>0'] } as const;
    const there = rows.filter((row) => meets(row, { metric: 's', comparison: '>', value: 0 }));
    const lines = async (asked: ResultQuery) =>
      (await text(await engine.get(ResultExports).ndjson(jobId, { ...asked, fields: 'configId' })))
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as Row).configId);
    const idsOf = (some: readonly Row[]) => some.map(({ configId }) => configId);
    expect(await lines(query)).toEqual(idsOf(inOrder(there, 'few', 'asc')));
    expect(await lines({ ...query, sort: null })).toEqual(idsOf(inOrder(there, null, 'asc')));
  }, 60_000);

  it('are summed up', async () => {
    const where = ['metrics.few>=2'];
    const meant = rows.filter((row) => meets(row, { metric: 'few', comparison: '>=', value: 2 }));
    const summary = await engine.get(ResultSummaries).of(engine.reads, jobId, where);
    expect(summary).toMatchObject({ count: meant.length, isTruncated: false });
    expect([...summary.metrics.keys()]).toEqual(METRICS.toSorted());
    for (const [name, { count, min, max, median }] of summary.metrics) {
      const values = meant.flatMap((row) => numberOf(row, name) ?? []).toSorted((a, b) => a - b);
      const middle = (values.length - 1) / 2;
      const [low = 0, high = 0] = [values[Math.floor(middle)], values[Math.ceil(middle)]];
      expect([count, min, max]).toEqual([values.length, values[0], values.at(-1)]);
      expect(median).toBe(low === high ? low : low * 0.5 + high * 0.5);
    }
  }, 60_000);
});

function written({ metric, comparison, value }: Condition): string {
  return `metrics.${JSON.stringify(metric)} ${comparison} ${JSON.stringify(value)}`;
}

function numberOf({ metrics }: Row, name: string): number | null {
  const value = metrics[name];
  return value === null || value === undefined ? null : Number(value) + 0;
}

function meets(row: Row, { metric, comparison, value }: Condition): boolean {
  const found = numberOf(row, metric);
  if (value === null) return (found === null) === (comparison === '=');
  if (found === null) return false;
  const against = Number(value);
  switch (comparison) {
    case '>=':
      return found >= against;
    case '<=':
      return found <= against;
    case '>':
      return found > against;
    case '<':
      return found < against;
    case '=':
      return found === against;
    case '!=':
      return found !== against;
  }
}

/** Nulls last in both directions, ties by task and then by arrival. */
function inOrder(rows: readonly Row[], metric: string | null, order: 'asc' | 'desc'): Row[] {
  const sign = order === 'asc' ? 1 : -1;
  const byArrival = rows.toSorted((a, b) => a.taskIndex - b.taskIndex);
  if (metric === null) return byArrival;
  return byArrival.toSorted((a, b) => {
    const [x, y] = [numberOf(a, metric), numberOf(b, metric)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return x === y ? 0 : sign * (x < y ? -1 : 1);
  });
}
