import { ColumnsLab, rowsOf } from '../spec/columns-lab';
import { ResultQueries } from './result-queries';
import { ResultSummaries } from './result-summaries';

describe('a question about the rows of one task', () => {
  let lab: ColumnsLab;

  beforeEach(async () => {
    lab = await ColumnsLab.open();
    await lab.post(
      0,
      rowsOf(300, () => ({ first: 1 })),
    );
    await lab.post(
      1,
      rowsOf(260, (index) => ({ second: index })),
    );
  });
  afterEach(() => lab.close());

  /** Of how many sets of rows the columns are read meanwhile. */
  async function setsRead(act: () => Promise<unknown>): Promise<number> {
    const sets = new Set<unknown>();
    const query = jest.spyOn(lab.engine.reads, 'query');
    await act();
    for (const [sql, params] of query.mock.calls) {
      if (sql.includes('FROM metric_chunks')) sets.add(params?.[0]);
    }
    query.mockRestore();
    return sets.size;
  }

  const page = (where: readonly string[]) => {
    const asked = { sort: 'metrics.second', order: 'desc' as const, where, limit: 1, cursor: null };
    return lab.engine.get(ResultQueries).page(lab.engine.reads, lab.jobId, asked);
  };
  const summary = (where: readonly string[]) =>
    lab.engine.get(ResultSummaries).of(lab.engine.reads, lab.jobId, where);

  it('reads no columns of the others', async () => {
    expect(await setsRead(() => page([]))).toBe(2);
    expect(await setsRead(() => page(['taskIndex=1']))).toBe(1);
    expect(await setsRead(() => summary([]))).toBe(2);
    expect(await setsRead(() => summary(['taskIndex=1']))).toBe(1);
  });

  it('is answered from its own', async () => {
    expect((await page(['taskIndex=1'])).items).toMatchObject([{ configId: 'c259' }]);
    expect((await page(['taskIndex=0'])).items).toMatchObject([{ metrics: { first: 1 } }]);
    expect((await page(['taskIndex=2'])).items).toEqual([]);
    const { count, metrics } = await summary(['taskIndex=1']);
    expect([count, [...metrics.keys()]]).toEqual([260, ['second']]);
  });
});
