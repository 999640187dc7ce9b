import { DomainError } from '@foreman/kernel';
import { openTestEngine, watchUnits, type TestEngine, type TestLease } from '@foreman/testing';
import { ResultQueries } from '../queries/result-queries';
import { ResultsModule } from '../results.module';
import { ResultIngestion } from './result-ingestion';

const row = (index: number, m: number) => ({ configId: `c${index}`, config: {}, metrics: { m } });
const rows = (count: number, m: number) => Array.from({ length: count }, (_, i) => row(i, m));
const lines = (posted: object[]) => posted.map((each) => `${JSON.stringify(each)}\n`).join('');

describe('copies of a post of rows', () => {
  let engine: TestEngine;
  let ingestion: ResultIngestion;
  let lease: TestLease;

  beforeEach(async () => {
    engine = await openTestEngine(ResultsModule.forRoot());
    ingestion = engine.get(ResultIngestion);
    lease = await engine.lease((await engine.submit()).id);
  });
  afterEach(() => engine.close());

  const post = (idempotencyKey: string | null, posted: object[]) =>
    ingestion.postJson({
      ...lease,
      json: Buffer.from(JSON.stringify({ rows: posted })),
      idempotencyKey,
    });
  const stream = (idempotencyKey: string, body: AsyncIterable<Buffer>) =>
    ingestion.postStream({ ...lease, body, idempotencyKey });

  async function* whole(text: string): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
  }

  /** Of each row in the order of arrival. */
  async function stored(): Promise<unknown[]> {
    const all = { sort: null, order: 'asc', limit: 2000, cursor: null } as const;
    const { items } = await engine.get(ResultQueries).page(engine.reads, lease.jobId, all);
    return items.map(({ metrics }) => metrics['m']);
  }

  const keys = () => engine.reads.query('SELECT idempotency_key FROM lease_keys');

  it('one that flows while the first is accepted stores nothing from then on', async () => {
    const text = lines(rows(3, 1));
    const copy = (async function* () {
      engine.clock.advance(5000);
      yield Buffer.from(text.slice(0, 60));
      // What has come whole is stored by now, since it came so slowly.
      expect(await stored()).toEqual([1]);
      await stream('older', whole(text));
      await post('newer', rows(3, 2));
      engine.clock.advance(5000);
      yield Buffer.from(text.slice(60));
    })();
    expect(await stream('older', copy)).toEqual({ received: 3, stored: 3 });
    expect(await stored()).toEqual([2, 2, 2]);
  });

  it('what came whole of one that breaks off is not stored after the first was accepted', async () => {
    const text = lines(rows(3, 1));
    const remains = (async function* () {
      yield Buffer.from(text);
      await stream('older', whole(text));
      await post('newer', rows(3, 2));
      throw new Error('reset');
    })();
    await expect(stream('older', remains)).rejects.toThrow('reset');
    expect(await stored()).toEqual([2, 2, 2]);
  });

  it('one that broke off half way has not used its key up: its repeat is stored', async () => {
    const text = lines(rows(3, 1));
    const broken = (async function* () {
      yield Buffer.from(text.slice(0, 70));
      throw new Error('reset');
    })();
    await expect(stream('k', broken)).rejects.toThrow('reset');
    expect([await keys(), await stored()]).toEqual([[], [1]]);
    expect(await stream('k', whole(text))).toEqual({ received: 3, stored: 3 });
    expect(await stored()).toEqual([1, 1, 1]);
    expect(await keys()).toHaveLength(1);
  });

  it('one that was refused for a row has not used its key up', async () => {
    await expect(post('k', [row(0, 1), {}])).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(stream('k', whole(`${lines(rows(1, 1))}{}`))).rejects.toMatchObject({
      code: 'request.invalid',
    });
    expect(await keys()).toEqual([]);
    expect(await post('k', rows(2, 1))).toEqual({ received: 2, stored: 2 });
  });

  it.each([1, 2, 3, 4])(
    'a post whose unit %d of four fails has not used its key up',
    async (failing) => {
      const run = engine.unitOfWork.run.bind(engine.unitOfWork);
      let units = 0;
      engine.unitOfWork.run = async (work, lane) => {
        units += 1;
        if (units === failing) throw new DomainError('server.busy', 'no turn');
        return run(work, lane);
      };
      await expect(post('k', rows(2000, 1))).rejects.toThrow('no turn');
      engine.unitOfWork.run = run;
      expect(await keys()).toEqual([]);
      expect(await post('k', rows(2000, 1))).toEqual({ received: 2000, stored: 2000 });
    },
  );

  it('a stream of nothing uses its key up as well', async () => {
    expect(await stream('k', whole(''))).toEqual({ received: 0, stored: 0 });
    await expect(stream('k', whole(lines(rows(1, 1))))).rejects.toMatchObject({
      code: 'idempotency.conflict',
    });
    expect(await stored()).toEqual([]);
  });

  it('a copy extends the lease, and counts as no advance', async () => {
    await post('k', rows(1, 1));
    engine.clock.advance(30_000);
    const units = watchUnits(engine.unitOfWork);
    await post('k', rows(1, 1));
    const [task] = await engine.reads.query('SELECT lease_expires_at FROM tasks');
    expect(task).toEqual({ lease_expires_at: engine.clock.now() + 60_000 });
    expect(units.map(({ statements }) => statements.length)).toEqual([2]);
  });

  it('a post without a key asks for none', async () => {
    const units = watchUnits(engine.unitOfWork);
    await post(null, rows(501, 1));
    const statements = units.flatMap((unit) => unit.statements.map(({ sql }) => sql));
    expect(statements.filter((sql) => sql.includes('lease_keys'))).toEqual([]);
  });
});
