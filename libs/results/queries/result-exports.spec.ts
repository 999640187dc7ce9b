import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { JobLifecycle } from '@foreman/jobs';
import { eventually } from '@foreman/testing';
import { MetricColumns } from '../columns/metric-columns';
import { ColumnsLab, rowsOf } from '../spec/columns-lab';
import { HeavyReads } from './heavy-reads';
import { OrderedRows } from './ordered-rows';
import { ResultExports } from './result-exports';
import { ResultQueries, type ResultQuery } from './result-queries';
import { ResultSummaries } from './result-summaries';

const OPEN = 3;
/** A page by arrival has 250 of them, one of ids 100. */
const ROWS = 240;
const ROWS_OF_ONE_PAGE = 90;

const PLAIN: ResultQuery = { sort: null, order: 'asc' };
const SORTED: ResultQuery = { sort: 'metrics.s', order: 'desc' };
const FILTERED: ResultQuery = { ...PLAIN, where: ['metrics.s>=0'] };

const longRows = (count: number) => rowsOf(count, () => ({ s: 1, [`long ${'x'.repeat(200)}`]: 2 }));

describe('reads of rows that are dropped meanwhile', () => {
  let lab: ColumnsLab;
  let exports: ResultExports;

  beforeAll(async () => {
    lab = await ColumnsLab.open({ maxOpenExports: OPEN });
    exports = lab.engine.get(ResultExports);
  });
  afterAll(() => lab.close());

  beforeEach(async () => {
    await lab.newJobs();
    await lab.post(
      0,
      rowsOf(ROWS, () => ({ s: 1, [`long ${'x'.repeat(200)}`]: 2 })),
    );
    await lab.post(
      1,
      rowsOf(ROWS, () => ({ s: 2 })),
    );
  });
  afterEach(() => jest.restoreAllMocks());

  const hide = () =>
    lab.engine.unitOfWork.run((tx) => lab.engine.get(JobLifecycle).hide(tx, lab.jobId, 0));

  const page = (query: ResultQuery, cursor: string | null = null) =>
    lab.engine
      .get(ResultQueries)
      .page(lab.engine.reads, lab.jobId, { ...query, limit: 50, cursor });

  const summary = () => lab.engine.get(ResultSummaries).of(lab.engine.reads, lab.jobId);

  describe.each([
    ['plain', PLAIN],
    ['sorted', SORTED],
    ['filtered', FILTERED],
  ])('%s', (_what, query) => {
    const open = {
      ndjson: () => exports.ndjson(lab.jobId, query),
      csv: () => exports.csv(lab.jobId, query),
    };

    it.each(['ndjson', 'csv'] as const)('as %s fail, and do not end', async (form) => {
      const whole = (await text(await open[form]())).trimEnd().split('\n');
      expect(whole).toHaveLength(2 * ROWS + (form === 'csv' ? 1 : 0));
      const dropped = await open[form]();
      await lab.leaseAgain(1, false);
      let came = '';
      const read = async () => {
        for await (const piece of dropped) came += String(piece);
      };
      await expect(read()).rejects.toMatchObject({ code: 'results.dropped' });
      // What was read before, and nothing of what is there instead.
      expect(whole.join('\n').replaceAll('\r', '')).toContain(came.replaceAll('\r', '').trimEnd());
      expect(came.split('\n').length).toBeLessThan(ROWS + 20);

      const adopted = await open[form]();
      await lab.leaseAgain(0, true);
      await lab.post(
        1,
        rowsOf(1, () => ({ s: 3 })),
      );
      expect((await text(adopted)).trimEnd().split('\n')).toHaveLength(whole.length - ROWS);

      const removed = await open[form]();
      await hide();
      await expect(text(removed)).rejects.toMatchObject({ code: 'job.not_found' });
      await expect(open[form]()).rejects.toMatchObject({ code: 'job.not_found' });
    });

    it('fail also when only the end is still to be told', async () => {
      await lab.newJobs();
      await lab.post(0, longRows(ROWS_OF_ONE_PAGE));
      // Its beginning is read by now, which is all of it, and more than the stream takes ahead of its reader.
      const streams = [await open.ndjson(), await open.csv()];
      await lab.leaseAgain(0, false);
      for (const stream of streams) {
        await expect(text(stream)).rejects.toMatchObject({ code: 'results.dropped' });
      }
    });

    it('page by page are refused', async () => {
      const { nextCursor } = await page(query);
      await lab.leaseAgain(0, true);
      expect((await page(query, nextCursor)).items).toHaveLength(50);
      await lab.leaseAgain(0, false);
      await expect(page(query, nextCursor)).rejects.toMatchObject({ code: 'results.dropped' });
      await hide();
      await expect(page(query, nextCursor)).rejects.toMatchObject({ code: 'job.not_found' });
    });
  });

  it('in the middle of a page or of a summary, are refused', async () => {
    const { first } = OrderedRows.prototype;
    jest.spyOn(OrderedRows.prototype, 'first').mockImplementation(async function (
      this: OrderedRows,
      ...asked
    ) {
      const places = await first.apply(this, asked);
      await lab.leaseAgain(1, false);
      return places;
    });
    await expect(page(SORTED)).rejects.toMatchObject({ code: 'results.dropped' });

    const { names } = MetricColumns.prototype;
    jest.spyOn(MetricColumns.prototype, 'names').mockImplementation(async function* (
      this: MetricColumns,
      ...asked
    ) {
      await lab.leaseAgain(0, false);
      yield* names.apply(this, asked);
    });
    await expect(summary()).rejects.toMatchObject({ code: 'results.dropped' });
  });
});

describe('exports at the same time', () => {
  let lab: ColumnsLab;
  let exports: ResultExports;

  beforeAll(async () => {
    lab = await ColumnsLab.open({ maxOpenExports: OPEN, maxHeavyReads: 1, maxCsvColumns: 10 });
    exports = lab.engine.get(ResultExports);
    const wide = Array.from({ length: 20 }, (_, index) => [`m${index}`, index] as const);
    await lab.post(
      0,
      rowsOf(ROWS, () => ({ s: 1, ...Object.fromEntries(wide) })),
    );
  });
  afterAll(() => lab.close());
  afterEach(() => jest.restoreAllMocks());

  const sorted = () => exports.ndjson(lab.jobId, SORTED);

  it('are so many at the most, and free their places however they end', async () => {
    const open: Readable[] = [];
    for (let count = 0; count < OPEN; count += 1) open.push(await sorted());
    await expect(sorted()).rejects.toMatchObject({
      code: 'rate.limited',
      details: { retryAfterSeconds: 5 },
    });
    const [read, dropped, failed] = open;
    expect(read && (await text(read))).toContain('"configId"');
    open.push(await sorted());
    dropped?.destroy();
    await eventually('its place is free', () => dropped?.closed);
    open.push(await sorted());
    failed?.once('error', () => undefined).destroy(new Error('its reader has gone'));
    await eventually('its place is free', () => failed?.closed);

    for (let count = 0; count <= OPEN; count += 1) {
      await expect(exports.csv(lab.jobId)).rejects.toMatchObject({ code: 'request.invalid' });
      await expect(exports.csv(lab.jobId, { ...SORTED, sort: 's' })).rejects.toMatchObject({
        code: 'request.invalid',
      });
    }
    open.push(await sorted());
    await expect(sorted()).rejects.toMatchObject({ code: 'rate.limited' });
    for (const stream of open) stream.destroy();
    await eventually('all are closed', () => open.every(({ closed }) => closed));
  });

  it('read two pages of rows at the most in a turn of the event loop', async () => {
    let pages = 0;
    const { page } = HeavyReads.prototype;
    jest.spyOn(HeavyReads.prototype, 'page').mockImplementation(function <T>(
      this: HeavyReads,
      read: () => Promise<T>,
    ) {
      return page.call(this, () => ((pages += 1), read())) as Promise<T>;
    });
    const asked = [PLAIN, SORTED, FILTERED].map((query) => exports.ndjson(lab.jobId, query));
    let isOver = false;
    const all = Promise.all(asked.map(async (one) => text(await one))).finally(
      () => (isOver = true),
    );
    let most = 0;
    while (!isOver) {
      const before = pages;
      await new Promise(setImmediate);
      most = Math.max(most, pages - before);
    }
    expect((await all).map((rows) => rows.split('\n').length)).toEqual(asked.map(() => ROWS + 1));
    expect([pages, most]).toEqual([7, 2]);
  });

  it('go through the job one after another, and hold nobody up while they are read', async () => {
    const { first } = OrderedRows.prototype;
    let running = 0;
    let most = 0;
    jest.spyOn(OrderedRows.prototype, 'first').mockImplementation(async function (
      this: OrderedRows,
      ...asked
    ) {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      return first.apply(this, asked).finally(() => (running -= 1));
    });
    const open = await Promise.all(Array.from({ length: OPEN }, sorted));
    expect([most, running]).toEqual([1, 0]);
    // All of them wait for their readers.
    const asked = { ...SORTED, limit: 1, cursor: null };
    const page = await lab.engine.get(ResultQueries).page(lab.engine.reads, lab.jobId, asked);
    expect(page.items).toHaveLength(1);
    const lines = await Promise.all(open.map(async (stream) => (await text(stream)).split('\n')));
    expect(lines.map(({ length }) => length)).toEqual([ROWS + 1, ROWS + 1, ROWS + 1]);
  });
});
