import { ColumnsLab, rowsOf } from '../spec/columns-lab';
import { RowPages } from '../rows/row-pages';
import { CHUNK_METRICS, CHUNK_ROWS } from './metric-chunk';
import { FOLDED_TAIL_ROWS } from './metric-folding';

describe('metric columns', () => {
  let lab: ColumnsLab;

  beforeEach(async () => {
    lab = await ColumnsLab.open();
  });

  afterEach(() => lab.close());

  describe('of a set that grows in small posts', () => {
    const postOneByOne = async (from: number, count: number) => {
      for (let id = from; id < from + count; id += 1)
        await lab.post(0, [{ id, metrics: { s: id } }]);
    };

    it('come with the 250th row that has none', async () => {
      await postOneByOne(0, FOLDED_TAIL_ROWS - 1);
      expect(await lab.count('metric_chunks')).toBe(0);
      await postOneByOne(FOLDED_TAIL_ROWS - 1, 1);
      expect(await lab.count('metric_chunks')).toBe(1);
      await postOneByOne(FOLDED_TAIL_ROWS, 1);
      expect(await lab.count('metric_chunks')).toBe(1);
      await lab.assertTold(['s']);
    });

    it('hold no row twice, and none not at all', async () => {
      for (const count of [100, 149, 1, 500, 3, 248, 600, 251]) {
        await lab.post(
          0,
          rowsOf(count, (index) => ({ s: index }), await lab.count('result_rows')),
        );
        await lab.assertTold(['s']);
      }
      const chunks = await lab.engine.reads.query<{ n: number }>(
        'SELECT row_count AS n FROM metric_chunks',
      );
      expect(chunks.reduce((sum, { n }) => sum + n, 0)).toBe(await lab.foldedRows());
      expect(Math.max(...chunks.map(({ n }) => n))).toBeLessThanOrEqual(CHUNK_ROWS);
    });
  });

  it('of rows from before there were columns are made by and by', async () => {
    await lab.post(
      0,
      rowsOf(2600, (index) => ({ s: index })),
    );
    await lab.engine.unitOfWork.run(async (tx) => {
      await tx.execute('DELETE FROM metric_columns');
      await tx.execute('DELETE FROM metric_chunks');
      await tx.execute('UPDATE row_sets SET folded_through = 0, folded_rows = 0');
    });
    await lab.assertTold(['s']);
    for (const folded of [1000, 2000, 2603]) {
      await lab.post(0, [{ id: 3000 + folded, metrics: { s: -1 } }]);
      await lab.assertTold(['s']);
      expect(await lab.foldedRows()).toBe(folded);
    }
  });

  it('are those of their rows also where others took ids between them', async () => {
    await lab.post(
      'elsewhere',
      rowsOf(1, () => ({ s: 0 })),
    );
    lab.engine.database.driver.exec(`
      CREATE TRIGGER takes_an_id AFTER INSERT ON result_rows WHEN new.config_id = 'c77'
      BEGIN INSERT INTO result_rows (set_id, config_id, config, metrics)
        SELECT min(id), 'between', '{}', '{}' FROM row_sets; END`);
    await lab.post(
      0,
      rowsOf(500, (index) => ({ s: index })),
    );
    await lab.assertTold(['s']);
  });

  it('name no rows while these follow each other', async () => {
    await lab.post(
      0,
      rowsOf(500, () => ({ s: 1 })),
    );
    await lab.post(
      0,
      rowsOf(100, () => ({ s: 1 }), 500),
    );
    await lab.post(
      'elsewhere',
      rowsOf(1, () => ({})),
    );
    await lab.post(
      0,
      rowsOf(150, () => ({ s: 1 }), 600),
    );
    const chunks = await lab.engine.reads.query<{ row_count: number; row_ids: Buffer | null }>(
      'SELECT row_count, row_ids FROM metric_chunks ORDER BY id',
    );
    expect(chunks.map(({ row_count: rows, row_ids: ids }) => [rows, ids?.length ?? null])).toEqual([
      [500, null],
      [250, 250 * 8],
    ]);
    await lab.assertTold(['s']);
  });

  it('are changed with a row, which may gain, change and lose metrics', async () => {
    await lab.post(
      0,
      rowsOf(700, (index) => ({ a: index, b: true })),
    );
    await lab.post(0, [
      { id: 3, metrics: { a: 3, c: 5 } },
      { id: 699, metrics: { b: false } },
      { id: 351, metrics: {} },
    ]);
    const rows = await lab.told(['a', 'b', 'c']);
    const values = [3, 4, 351, 699].map((index) => rows[index]?.slice(2));
    expect(values).toEqual([
      [3, NaN, 5],
      [4, 1, NaN],
      [NaN, NaN, NaN],
      [NaN, 0, NaN],
    ]);
    await lab.assertTold(['a', 'b', 'c']);
  });

  it('are at most 200 a chunk; other metrics are told as well', async () => {
    const many = (index: number) =>
      Object.fromEntries(Array.from({ length: 3 }, (_, n) => [`m${index * 3 + n}`, index + 1]));
    await lab.post(0, rowsOf(300, many));
    expect(await lab.count('metric_columns')).toBe(CHUNK_METRICS);
    await lab.post(0, [{ id: 299, metrics: { m500: 7, m2: 8 } }]);
    expect(await lab.count('metric_columns')).toBe(CHUNK_METRICS);
    await lab.assertTold(['m0', 'm2', 'm199', 'm200', 'm500', 'm899']);
  });

  it('become partial with the row that brings a metric too many', async () => {
    const full = (index: number) => ({ [`m${index % CHUNK_METRICS}`]: 1 });
    await lab.post(0, rowsOf(300, full));
    expect(await lab.engine.reads.query('SELECT is_partial FROM metric_chunks')).toEqual([
      { is_partial: 0 },
    ]);
    await lab.post(0, [{ id: 7, metrics: { more: 5 } }]);
    await lab.assertTold(['more', 'm7']);
  });

  it('tell each row once when its set grows and folds while they are read', async () => {
    await lab.post(
      0,
      rowsOf(640, (index) => ({ s: index })),
    );
    await lab.post(
      1,
      rowsOf(10, () => ({ s: -1 })),
    );
    const last = await lab.engine.get(RowPages).lastRowId();
    const ids: number[] = [];
    let more = 1000;
    for await (const slice of lab.slices(['s'], last)) {
      ids.push(...slice.rowIds);
      await lab.post(
        0,
        rowsOf(260, () => ({ s: 0 }), (more += 260)),
      );
    }
    expect(ids).toEqual([...new Set(ids)]);
    expect(ids).toHaveLength(650);
  });

  it('give others their turn: no statement reads more than 64 chunks', async () => {
    for (let from = 0; from < 35_000; from += 5000) {
      await lab.post(
        0,
        rowsOf(5000, (index) => ({ s: index }), from),
      );
    }
    let turns = 0;
    let isReading = true;
    const turn = () => {
      turns += 1;
      if (isReading) setImmediate(turn);
    };
    setImmediate(turn);
    const read: number[] = [];
    let slices = 0;
    let seen = 0;
    for await (const slice of lab.slices(['s'])) {
      if (turns > seen) read.push(slices);
      seen = turns;
      slices += 1;
      expect(slice.rowIds).toHaveLength(CHUNK_ROWS);
    }
    isReading = false;
    expect(slices).toBe(70);
    expect(read).toContain(64);
  });

  it('of one task are read without those of the others', async () => {
    await lab.post(
      0,
      rowsOf(300, () => ({ first: 1 })),
    );
    await lab.post(
      1,
      rowsOf(260, (index) => ({ second: index })),
    );
    const rowCounts = async (taskIndex: number) => {
      const counts: number[] = [];
      for await (const slice of lab.slices(['second'], undefined, taskIndex)) {
        expect(slice.taskIndex).toBe(taskIndex);
        counts.push(slice.rowIds.length);
      }
      return counts;
    };
    expect(await rowCounts(0)).toEqual([300]);
    expect(await rowCounts(1)).toEqual([260]);
    expect(await rowCounts(2)).toEqual([]);
    const names: string[] = [];
    for await (const some of lab.names(1)) names.push(...some);
    expect(names).toEqual(['second']);
  });

  it('name the metrics that rows have, wherever these are', async () => {
    await lab.post(
      0,
      rowsOf(300, (index) => ({ chunk: 1, none: null, [`m${index}`]: 1 })),
    );
    await lab.post(
      1,
      rowsOf(3, () => ({ tail: true })),
    );
    await lab.post(
      'elsewhere',
      rowsOf(300, () => ({ elsewhere: 1 })),
    );
    const names = new Set<string>();
    for await (const some of lab.names()) {
      for (const name of some) names.add(name);
    }
    const all = Array.from({ length: 300 }, (_, index) => `m${index}`);
    expect(names).toEqual(new Set(['chunk', 'tail', ...all]));
  });
});
