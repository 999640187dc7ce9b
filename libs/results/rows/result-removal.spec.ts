import { LeaseFence } from '@foreman/jobs';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { ResultIngestion } from '../ingestion/result-ingestion';
import { ResultsModule } from '../results.module';
import { ResultRemoval } from './result-removal';
import { ResultSweep } from './result-sweep';
import { RowSets } from './row-sets';

const TABLES = ['row_sets', 'result_rows', 'metric_chunks', 'metric_columns'] as const;

describe('removing result rows', () => {
  let engine: TestEngine;

  beforeEach(async () => {
    engine = await openTestEngine(ResultsModule.forRoot());
  });

  afterEach(() => engine.close());

  const post = (lease: TestLease, count: number) =>
    engine.get(ResultIngestion).postRows({
      ...lease,
      rows: Array.from({ length: count }, (_, index) => ({
        configId: `c${index}`,
        config: {},
        metrics: { a: index, b: -index },
      })),
    });

  /** Its first task's rows are of two leases, of which the second adopted nothing. */
  async function jobWithRows(): Promise<string> {
    const { id } = await engine.submit({ tasks: [{}, {}, {}] });
    await post(await engine.lease(id, 0), 1300);
    const lease = await engine.lease(id, 0);
    await engine.unitOfWork.run(async (tx) => {
      const task = await engine.get(LeaseFence).hold(tx, { ...lease, now: engine.clock.now() });
      await engine.get(RowSets).startFresh(tx, task);
    });
    await post(lease, 700);
    await post(await engine.lease(id, 1), 3);
    return id;
  }

  async function stored(): Promise<number[]> {
    const counts = TABLES.map(async (table) => {
      const [row] = await engine.reads.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`);
      return Number(row?.n);
    });
    return Promise.all(counts);
  }

  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

  const ALL = [3, 2003, 4, 8];

  it.each([4, 300])(
    'of a job takes all that is its own, at most %d records at a time',
    async (limit) => {
      const gone = await jobWithRows();
      await jobWithRows();
      expect(await stored()).toEqual(ALL.map((each) => 2 * each));
      for (let left = sum(ALL); ;) {
        const before = sum(await stored());
        const removed = await engine.unitOfWork.run((tx) =>
          engine.get(ResultRemoval).removeBatch(tx, [gone], limit),
        );
        expect(removed).toBe(Math.min(limit, left));
        expect(sum(await stored())).toBe(before - removed);
        left -= removed;
        if (removed < limit) break;
      }
      expect(await stored()).toEqual(ALL);
    },
  );

  it('that were not adopted takes no other, in bulk units of at most 500 records', async () => {
    await jobWithRows();
    const lanes: string[] = [];
    const sizes = [sum(await stored())];
    const run = engine.unitOfWork.run.bind(engine.unitOfWork);
    engine.unitOfWork.run = async (work, lane) => {
      const done = await run(work, lane);
      lanes.push(lane ?? 'control');
      sizes.push(sum(await stored()));
      return done;
    };
    expect(await engine.get(ResultSweep).runOnce()).toEqual({ rows: 1300 });
    expect(await stored()).toEqual([2, 703, 1, 2]);
    expect(new Set(lanes)).toEqual(new Set(['bulk']));
    const steps = sizes.slice(1).map((size, index) => (sizes[index] ?? 0) - size);
    expect(Math.max(...steps)).toBe(500);
    expect(await engine.get(ResultSweep).runOnce()).toEqual({ rows: 0 });
  });

  it('takes many small sets with one unit', async () => {
    const { id } = await engine.submit({ tasks: Array.from({ length: 60 }, () => ({})) });
    for (let task = 0; task < 60; task += 1) await post(await engine.lease(id, task), 1);
    const removed = await engine.unitOfWork.run((tx) =>
      engine.get(ResultRemoval).removeBatch(tx, [id], 500),
    );
    expect(removed).toBe(120);
    expect(await stored()).toEqual([0, 0, 0, 0]);
  });
});
