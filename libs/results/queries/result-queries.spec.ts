import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { LeaseFence, type TaskEntity } from '@foreman/jobs';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { ResultCheck } from '../rows/result-check';
import { ResultExports } from './result-exports';
import { ResultIngestion } from '../ingestion/result-ingestion';
import { ResultQueries, type ResultRowView } from './result-queries';
import { ResultSweep } from '../rows/result-sweep';
import { ResultsModule } from '../results.module';
import { RowSets } from '../rows/row-sets';

type Metrics = Record<string, number | boolean | null>;

describe('reading result rows', () => {
  let engine: TestEngine;
  let queries: ResultQueries;
  let lease: TestLease;
  let jobId: string;

  beforeEach(async () => {
    engine = await openTestEngine(ResultsModule.forRoot({ maxCsvColumns: 50 }));
    queries = engine.get(ResultQueries);
    await newJob();
  });

  afterEach(() => engine.close());

  async function newJob(): Promise<void> {
    jobId = (await engine.submit({ tasks: [{}, {}] })).id;
    lease = await engine.lease(jobId, 0);
  }

  const post = (metrics: Metrics[], from = 0, under = lease) =>
    engine.get(ResultIngestion).postRows({
      ...under,
      rows: metrics.map((each, index) => ({
        configId: `c${from + index}`,
        config: { n: from + index },
        metrics: each,
      })),
    });

  async function allPages(
    sort: string | null,
    order: 'asc' | 'desc',
    limit: number,
    betweenPages: () => Promise<unknown> = async () => undefined,
  ): Promise<string[]> {
    const found: string[] = [];
    for (let cursor: string | null = null; ;) {
      const page = await queries.page(engine.reads, jobId, { sort, order, limit, cursor });
      found.push(...page.items.map((item: ResultRowView) => item.configId));
      if (page.nextCursor === null) return found;
      cursor = page.nextCursor;
      await betweenPages();
    }
  }

  it('sorts by any metric, nulls and rows without it last', async () => {
    await post([{ s: 1 }, { s: null }, { s: -2.5 }, {}, { s: true }, { s: 3 }, { s: false }]);
    expect(await allPages('metrics.s', 'asc', 2)).toEqual(ids(2, 6, 0, 4, 5, 1, 3));
    expect(await allPages('metrics.s', 'desc', 2)).toEqual(ids(5, 0, 4, 6, 2, 1, 3));
    expect(await allPages(null, 'asc', 3)).toEqual(ids(0, 1, 2, 3, 4, 5, 6));
  });

  it.each([
    'a.b',
    '$x',
    '[0]',
    'a"b',
    'back\\slash',
    'é',
    'a\nb',
    "'; DROP TABLE jobs; --",
    '"',
    '#',
  ])('sorts by a metric that is called %j', async (name) => {
    await post([{ [name]: 2, b: 9 }, { [name]: 1 }, { b: 5 }, { [name]: 3 }]);
    expect(await allPages(`metrics.${name}`, 'desc', 3)).toEqual(ids(3, 0, 1, 2));
  });

  it.each(['sharpe', 'metrics.', 'config.n', '', `metrics.${'x'.repeat(201)}`])(
    'refuses to sort by %j',
    async (sort) => {
      await expect(allPages(sort, 'asc', 2)).rejects.toMatchObject({ code: 'request.invalid' });
    },
  );

  it.each(['x', 'bnVsbA', Buffer.from('["a","b"]').toString('base64url')])(
    'refuses the cursor %j',
    async (cursor) => {
      const page = { sort: 'metrics.s', order: 'asc', limit: 2, cursor } as const;
      await expect(queries.page(engine.reads, jobId, page)).rejects.toMatchObject({
        code: 'request.invalid',
      });
    },
  );

  it('agrees with a sort in memory, page by page, while rows are added', async () => {
    const value = fc.oneof(
      fc.constantFrom(0, 1, 2),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(true, false, null, undefined),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { minLength: 1, maxLength: 60 }),
        fc.constantFrom('asc' as const, 'desc' as const),
        fc.integer({ min: 1, max: 9 }),
        async (values, order, limit) => {
          await newJob();
          await post(values.map((each): Metrics => (each === undefined ? {} : { s: each })));
          let added = 1000;
          const found = await allPages('metrics.s', order, limit, async () => {
            await post([{ s: added % 3 }], (added += 1));
          });
          const old = found.filter((id) => Number(id.slice(1)) < 1000);
          expect(old).toEqual(sorted(values, order));
          expect(new Set(found).size).toBe(found.length);
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);

  describe('of leases that were not adopted', () => {
    async function startFresh(): Promise<TaskEntity> {
      lease = await engine.lease(jobId, 0);
      return engine.unitOfWork.run(async (tx) => {
        const claim = { ...lease, now: engine.clock.now() };
        const task = await engine.get(LeaseFence).hold(tx, claim);
        await engine.get(RowSets).startFresh(tx, task);
        return engine.get(LeaseFence).hold(tx, claim);
      });
    }

    const rowsInFile = async () => (await engine.reads.query('SELECT 1 FROM result_rows')).length;

    it('they are never counted, shown or exported, and are swept', async () => {
      await post(Array.from({ length: 1100 }, () => ({ s: 1 })));
      const task = await startFresh();
      expect(task).toMatchObject({ rowSetId: null, resultCount: 0 });
      expect(await allPages('metrics.s', 'asc', 500)).toEqual([]);
      expect(await allPages(null, 'asc', 500)).toEqual([]);
      expect(await text(await engine.get(ResultExports).ndjson(jobId))).toBe('');
      await engine.get(ResultCheck).checkCompletion(engine.reads, task, {
        resultCount: 0,
        bestConfigIds: ['c1'],
      });
      expect(await post([{ s: 2 }])).toEqual({ received: 1, stored: 1 });
      expect(await allPages('metrics.s', 'asc', 500)).toEqual(ids(0));
      expect(await rowsInFile()).toBe(1101);
      expect(await engine.get(ResultSweep).runOnce()).toEqual({ rows: 1100 });
      expect(await rowsInFile()).toBe(1);
      expect(await engine.get(ResultSweep).runOnce()).toEqual({ rows: 0 });
    });

    it('without rows nothing is discarded', async () => {
      expect(await startFresh()).toMatchObject({ rowSetId: null, resultCount: 0 });
      expect(await engine.reads.query('SELECT * FROM row_sets')).toEqual([]);
    });
  });

  describe('when a task completes', () => {
    const check = (claimed: { resultCount?: number; bestConfigIds?: string[] }) =>
      engine.unitOfWork.run(async (tx) => {
        const task = await engine.get(LeaseFence).hold(tx, { ...lease, now: engine.clock.now() });
        await engine.get(ResultCheck).checkCompletion(tx, task, claimed);
      });

    it('its count of rows must be what is stored', async () => {
      await post([{}, {}, {}]);
      await check({ resultCount: 3 });
      await expect(check({ resultCount: 4 })).rejects.toMatchObject({
        code: 'results.incomplete',
        details: { stored: 3, expected: 4 },
      });
      await expect(check({ resultCount: 0 })).rejects.toMatchObject({ code: 'results.incomplete' });
    });

    it('its best configs must be among its rows, when there are any', async () => {
      await check({ bestConfigIds: ['never seen'] });
      await post(Array.from({ length: 150 }, () => ({})));
      const known = Array.from({ length: 150 }, (_, index) => `c${index}`);
      await check({ bestConfigIds: known });
      await expect(check({ bestConfigIds: [...known, 'x', 'y'] })).rejects.toMatchObject({
        code: 'results.unknown_config',
        details: { unknown: ['x', 'y'] },
      });
      const other = await engine.lease(jobId, 1);
      await post([{}], 900, other);
      await expect(check({ bestConfigIds: ['c900'] })).rejects.toMatchObject({
        code: 'results.unknown_config',
      });
    });
  });

  describe('as an export', () => {
    it('NDJSON gives every row of every task as it was sent', async () => {
      await post([{ a: 1.5 }, { a: null, b: true }]);
      await post([{ c: 1 }], 7, await engine.lease(jobId, 1));
      const lines = (await text(await engine.get(ResultExports).ndjson(jobId)))
        .trimEnd()
        .split('\n');
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
        { taskIndex: 0, configId: 'c0', config: { n: 0 }, metrics: { a: 1.5 } },
        { taskIndex: 0, configId: 'c1', config: { n: 1 }, metrics: { a: null, b: true } },
        { taskIndex: 1, configId: 'c7', config: { n: 7 }, metrics: { c: 1 } },
      ]);
    });

    it('ends with the rows that were there when it began', async () => {
      await post(Array.from({ length: 600 }, () => ({})));
      const stream = await engine.get(ResultExports).ndjson(jobId);
      await post(
        Array.from({ length: 500 }, () => ({})),
        600,
      );
      expect((await text(stream)).split('\n')).toHaveLength(601);
    });

    const csv = async () => text(await engine.get(ResultExports).csv(jobId));

    it('CSV has a column for every config and metric name', async () => {
      await post([{ a: -1.5 }, { b: true }, { a: null, b: false }]);
      expect(await csv()).toBe(
        [
          'taskIndex,configId,config.n,metrics.a,metrics.b',
          '0,c0,0,-1.5,',
          '0,c1,1,,true',
          '0,c2,2,,false',
          '',
        ].join('\r\n'),
      );
    });

    it('CSV runs no formula', async () => {
      const config = {
        f: '=1+1',
        g: '@x',
        h: '+1',
        i: '-1',
        j: '\tx',
        k: 'a,"b"',
        l: [1],
        m: '\r=1',
        n: 'a\nb',
      };
      await engine.get(ResultIngestion).postRows({
        ...lease,
        rows: [{ configId: '=cmd()', config, metrics: { '=bad': -2 } }],
      });
      expect(await csv()).toBe(
        'taskIndex,configId,config.f,config.g,config.h,config.i,config.j,config.k,config.l,config.m,config.n,metrics.=bad\r\n' +
          `0,'=cmd(),'=1+1,'@x,'+1,'-1,'\tx,"a,""b""",[1],"'\r=1","a\nb",-2\r\n`,
      );
    });

    it('CSV of no rows is a header', async () => {
      expect(await csv()).toBe('taskIndex,configId\r\n');
    });

    it('CSV refuses more columns than it may hold', async () => {
      await post(Array.from({ length: 50 }, (_, index) => ({ [`m${index}`]: 1 })));
      await expect(csv()).rejects.toMatchObject({ code: 'request.invalid' });
    });
  });
});

function ids(...numbers: number[]): string[] {
  return numbers.map((number) => `c${number}`);
}

/** Nulls last in both directions, equal ones in the order of arrival. */
function sorted(
  values: readonly (number | boolean | null | undefined)[],
  order: 'asc' | 'desc',
): string[] {
  const keyed = values.map((value, index) => ({
    index,
    key: value === null || value === undefined ? null : Number(value),
  }));
  const sign = order === 'asc' ? 1 : -1;
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) {
      return Number(a.key === null) - Number(b.key === null) || a.index - b.index;
    }
    return a.key === b.key ? a.index - b.index : sign * (a.key < b.key ? -1 : 1);
  });
  return ids(...keyed.map(({ index }) => index));
}
