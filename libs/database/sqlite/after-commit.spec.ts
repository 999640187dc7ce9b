import { AsyncLocalStorage } from 'node:async_hooks';
import type { TemporaryDatabase } from '@foreman/testing';
import { Database, type UnitOfWork } from '../index';
import { idsInFile, insert, openScratch, outcomes } from '../spec/scratch';

describe('afterCommit', () => {
  let temporary: TemporaryDatabase;
  let work: UnitOfWork;
  beforeEach(async () => {
    temporary = await openScratch();
    work = temporary.database.unitOfWork;
  });
  afterEach(() => temporary.remove());

  it('is called once the work is in the file, before whoever awaited it goes on', async () => {
    const seen: string[] = [];
    await work
      .run(async (tx) => {
        tx.afterCommit(() => seen.push(`hook, file holds ${idsInFile(temporary.file).join()}`));
        await insert(tx, 'a');
      })
      .then(() => seen.push('caller'));
    expect(seen).toEqual(['hook, file holds a', 'caller']);
  });

  it('is never called for a caller that is rolled back, nor after a failed COMMIT', async () => {
    const seen: string[] = [];
    temporary.database.driver.exec(
      `CREATE TABLE late_child (parent text REFERENCES scratch (id) DEFERRABLE INITIALLY DEFERRED)`,
    );
    await outcomes([
      work.run(async (tx) => {
        tx.afterCommit(() => seen.push('thrown'));
        throw new RangeError('no');
      }),
      work.run(async (tx) => tx.afterCommit(() => seen.push('kept'))),
    ]);
    await outcomes([
      work.run(async (tx) => tx.afterCommit(() => seen.push('neighbour'))),
      work.run((tx) => tx.execute(`INSERT INTO late_child (parent) VALUES ('nobody')`)),
    ]);
    expect(seen).toEqual(['kept']);
  });

  it('is called once though its caller was run twice', async () => {
    const { driver } = temporary.database;
    driver.pragma(`max_page_count = ${Number(driver.pragma('page_count', { simple: true })) + 4}`);
    let calls = 0;
    await outcomes([
      work.run(async (tx) => tx.afterCommit(() => (calls += 1))),
      work.run((tx) => tx.execute(`INSERT INTO scratch VALUES ('b', hex(zeroblob(1000000)), 1)`)),
    ]);
    expect(calls).toBe(1);
  });

  it('may itself begin a unit of work', async () => {
    const inner = new Promise((resolve, reject) => {
      void work.run(async (tx) =>
        tx.afterCommit(() => work.run((next) => insert(next, 'inner')).then(resolve, reject)),
      );
    });
    await expect(inner).resolves.toBe('inner');
  });

  it('that throws is reported, and spoils nothing', async () => {
    await temporary.database.close();
    const reported: unknown[] = [];
    const reopened = await Database.open({ file: temporary.file }, (error) => reported.push(error));
    let secondHook = false;
    const done = await outcomes([
      reopened.unitOfWork.run(async (tx) => {
        tx.afterCommit(() => {
          throw new RangeError('hook');
        });
        tx.afterCommit(() => (secondHook = true));
        return insert(tx, 'a');
      }),
      reopened.unitOfWork.run((tx) => insert(tx, 'b')),
    ]);
    await reopened.close();
    expect(done).toEqual(['a', 'b']);
    expect(secondHook).toBe(true);
    expect(reported).toEqual([new RangeError('hook')]);
  });

  it('and the work run in the asynchronous context of their own caller', async () => {
    const request = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const runAs = (name: string) =>
      request.run(name, () =>
        work.run(async (tx) => {
          await insert(tx, name);
          seen.push(request.getStore());
          tx.afterCommit(() => seen.push(request.getStore()));
        }),
      );
    await Promise.all([runAs('first'), runAs('second')]);
    expect(seen).toEqual(['first', 'second', 'first', 'second']);
  });
});
