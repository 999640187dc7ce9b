import { DomainError } from '@foreman/kernel';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import { MAX_ROW_BYTES } from '../result-row';
import { ResultsModule } from '../results.module';
import { ResultIngestion } from './result-ingestion';

function row(index: number): object {
  return { configId: `c${index}`, config: { fast: index }, metrics: { sharpe: index / 7 } };
}

function rows(count: number): object[] {
  return Array.from({ length: count }, (_, index) => row(index));
}

/** Nearly as large as a row may be. */
function largeRow(index: number): object {
  return { ...row(index), config: { filler: 'x'.repeat(MAX_ROW_BYTES - 200) } };
}

describe('bursts of result rows', () => {
  let engine: TestEngine;
  let ingestion: ResultIngestion;
  let lease: TestLease;

  beforeEach(async () => {
    engine = await openTestEngine(ResultsModule.forRoot());
    ingestion = engine.get(ResultIngestion);
    lease = await engine.lease((await engine.submit()).id);
  });

  afterEach(() => engine.close());

  async function resultCount(): Promise<number | undefined> {
    const [task] = await engine.reads.query<{ result_count: number }>(
      'SELECT result_count FROM tasks',
    );
    return task?.result_count;
  }

  it.each([
    ['four units', 2000, rows(10_000)],
    ['a mebibyte', 17, Array.from({ length: 85 }, (_, index) => largeRow(index))],
  ])('holds %s at the most, and stores them before it asks for more', async (_what, held, sent) => {
    let handedOut = 0;
    const body = (async function* () {
      for (const each of sent) {
        yield Buffer.from(`${JSON.stringify(each)}\n`);
        handedOut += 1;
        if (handedOut % held === 0) expect(await resultCount()).toBe(handedOut);
      }
    })();
    expect(await ingestion.postStream({ ...lease, body })).toMatchObject({ stored: sent.length });
  });

  it('lets the units of a stream share commits', async () => {
    const exec = engine.database.driver.exec.bind(engine.database.driver);
    let commits = 0;
    engine.database.driver.exec = (sql) => {
      if (sql === 'COMMIT') commits += 1;
      return exec(sql);
    };
    const text = rows(4000).map((each) => JSON.stringify(each));
    expect(await ingestion.postStream({ ...lease, body: pieceOf(text.join('\n')) })).toMatchObject({
      stored: 4000,
    });
    // One that proves the lease before a byte is read, and two bursts of four units.
    expect(commits).toBe(3);
  });

  it('settles with the last unit of a burst, and tells the first failure', async () => {
    const run = engine.unitOfWork.run.bind(engine.unitOfWork);
    let units = 0;
    let settled = 0;
    engine.unitOfWork.run = async (work, lane) => {
      units += 1;
      const isRefused = units === 2;
      try {
        // As of a queue that is full: at once, while the first one waits for its turn.
        if (isRefused) throw new DomainError('server.busy', 'the second');
        return await run(work, lane);
      } finally {
        settled += 1;
      }
    };
    await expect(ingestion.postRows({ ...lease, rows: rows(2000) })).rejects.toThrow('the second');
    expect([units, settled]).toEqual([4, 4]);
  });
});

async function* pieceOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
