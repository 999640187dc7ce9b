import type { TemporaryDatabase } from '@foreman/testing';
import { ScratchEntity, idsInFile, insert, openScratch, outcomes } from '../spec/scratch';
import type { Tx, UnitOfWork } from '../index';

/** Callers of one turn of the event loop share one transaction: that is the subject here. */
describe('a group of callers in one transaction', () => {
  let temporary: TemporaryDatabase;
  let work: UnitOfWork;
  beforeEach(async () => {
    temporary = await openScratch();
    work = temporary.database.unitOfWork;
  });
  afterEach(() => temporary.remove());

  /** Lets the file grow by no more than `pages` pages of 4 KiB. */
  const letGrowBy = (pages: number) => {
    const { driver } = temporary.database;
    const count = Number(driver.pragma('page_count', { simple: true }));
    driver.pragma(`max_page_count = ${count + pages}`);
  };
  const insertTooMuch = async (tx: Tx, id: string) => {
    await insert(tx, `${id}-before`);
    await tx.execute('INSERT INTO scratch (id, note) VALUES (?, hex(zeroblob(1000000)))', [id]);
  };

  it('shares one commit, and tells nobody of success before it', async () => {
    let commits = 0;
    const { driver } = temporary.database;
    const exec = driver.exec.bind(driver);
    driver.exec = (sql) => {
      if (sql === 'COMMIT') {
        commits += 1;
        expect(settled).toBe(0);
      }
      return exec(sql);
    };
    let settled = 0;
    const ids = ['a', 'b', 'c'];
    await Promise.all(ids.map((id) => work.run((tx) => insert(tx, id)).then(() => (settled += 1))));
    expect(commits).toBe(1);
    expect(idsInFile(temporary.file)).toEqual(ids);
  });

  it('rolls back a caller that throws, and only that one', async () => {
    const done = await outcomes([
      work.run((tx) => insert(tx, 'a')),
      work.run(async (tx) => {
        await insert(tx, 'b');
        throw new RangeError('no');
      }),
      work.run((tx) => insert(tx, 'c')),
    ]);
    expect(done).toEqual(['a', 'RangeError', 'c']);
    expect(idsInFile(temporary.file)).toEqual(['a', 'c']);
  });

  it('rolls back a caller whose function throws without a promise', async () => {
    const done = await outcomes([
      work.run(() => {
        throw new RangeError('no');
      }),
      work.run((tx) => insert(tx, 'b')),
    ]);
    expect(done).toEqual(['RangeError', 'b']);
  });

  it('refuses alone the caller whose statement ended the transaction, and runs the others again', async () => {
    letGrowBy(4);
    let runsOfFirst = 0;
    let stillInTransaction: boolean | null = null;
    const done = await outcomes([
      work.run(async (tx) => {
        runsOfFirst += 1;
        return insert(tx, 'a');
      }),
      work.run(async (tx) => {
        try {
          await insertTooMuch(tx, 'b');
        } finally {
          stillInTransaction = temporary.database.driver.inTransaction;
        }
      }),
      work.run((tx) => insert(tx, 'c')),
    ]);
    expect(stillInTransaction).toBe(false); // or this spec proves nothing
    expect(done).toEqual(['a', 'server.storage_full', 'c']);
    expect(runsOfFirst).toBe(2);
    expect(idsInFile(temporary.file)).toEqual(['a', 'c']);
  });

  it('does so through the manager of TypeORM too', async () => {
    letGrowBy(4);
    const done = await outcomes([
      work.run((tx) => insert(tx, 'a')),
      work.run(async (tx) => {
        await tx.manager.insert(ScratchEntity, { id: 'b', note: 'x'.repeat(1_000_000) });
      }),
      work.run((tx) => insert(tx, 'c')),
    ]);
    expect(done).toEqual(['a', 'server.storage_full', 'c']);
    expect(idsInFile(temporary.file)).toEqual(['a', 'c']);
  });

  it('refuses a caller that swallows the error that ended the transaction', async () => {
    letGrowBy(4);
    const done = await outcomes([
      work.run((tx) => insert(tx, 'a')),
      work.run((tx) => insertTooMuch(tx, 'b').catch(() => 'all is well')),
      work.run((tx) => insert(tx, 'c')),
    ]);
    expect(done).toEqual(['a', 'TransactionLostError', 'c']);
    expect(idsInFile(temporary.file)).toEqual(['a', 'c']);
  });

  it('lets no further statement of such a caller commit by itself', async () => {
    letGrowBy(4);
    const done = await outcomes([
      work.run(async (tx) => {
        await insertTooMuch(tx, 'b').catch(() => undefined);
        await insert(tx, 'b-after');
      }),
      work.run(async (tx) => {
        await insertTooMuch(tx, 'c').catch(() => undefined);
        await tx.manager.insert(ScratchEntity, { id: 'c-after' });
      }),
    ]);
    expect(done).toEqual(['TransactionLostError', 'TransactionLostError']);
    expect(idsInFile(temporary.file)).toEqual([]);
  });

  it('survives a conflict clause that rolls everything back', async () => {
    const done = await outcomes([
      work.run((tx) => insert(tx, 'a')),
      work.run(async (tx) => {
        await tx.execute(`INSERT OR ROLLBACK INTO scratch (id) VALUES ('b'), ('b')`);
      }),
      work.run((tx) => insert(tx, 'c')),
    ]);
    expect(done).toEqual(['a', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'c']);
    expect(idsInFile(temporary.file)).toEqual(['a', 'c']);
  });

  it('rejects every caller when COMMIT fails, and goes on with the next group', async () => {
    temporary.database.driver.exec(
      `CREATE TABLE late_child (parent text REFERENCES scratch (id) DEFERRABLE INITIALLY DEFERRED)`,
    );
    const done = await outcomes([
      work.run((tx) => insert(tx, 'a')),
      work.run((tx) => tx.execute(`INSERT INTO late_child (parent) VALUES ('nobody')`)),
      work.run(async () => {
        throw new RangeError('of its own');
      }),
    ]);
    expect(done).toEqual([
      'SQLITE_CONSTRAINT_FOREIGNKEY',
      'SQLITE_CONSTRAINT_FOREIGNKEY',
      'RangeError',
    ]);
    expect(idsInFile(temporary.file)).toEqual([]);
    await work.run((tx) => insert(tx, 'later'));
    expect(idsInFile(temporary.file)).toEqual(['later']);
  });

  /** What SQLite says when neither its log nor the log's index can grow. */
  const fullDisk = (code: string) => Object.assign(new Error('database or disk is full'), { code });

  it.each(['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE'])(
    'that finds the disk full (%s) is tried once more when the log has been copied into the file',
    async (code) => {
      const { driver } = temporary.database;
      const exec = driver.exec.bind(driver);
      const pragma = driver.pragma.bind(driver);
      let isCopied = false;
      driver.exec = (sql) => {
        if (sql === 'COMMIT' && !isCopied) throw fullDisk(code);
        return exec(sql);
      };
      driver.pragma = (sql, options) => {
        isCopied ||= sql.startsWith('wal_checkpoint') && !driver.inTransaction;
        return pragma(sql, options);
      };
      const done = await outcomes([
        work.run((tx) => insert(tx, 'a')),
        work.run(async () => {
          throw new RangeError('of its own');
        }),
        work.run((tx) => insert(tx, 'c')),
      ]);
      expect(done).toEqual(['a', 'RangeError', 'c']);
      expect(idsInFile(temporary.file)).toEqual(['a', 'c']);
    },
  );

  it('that finds the disk full twice is refused, and the next is tried anew', async () => {
    const { driver } = temporary.database;
    const exec = driver.exec.bind(driver);
    let commits = 0;
    driver.exec = (sql) => {
      if (sql !== 'COMMIT') return exec(sql);
      commits += 1;
      throw fullDisk('SQLITE_FULL');
    };
    const full = ['server.storage_full', 'server.storage_full'];
    expect(await outcomes(['a', 'b'].map((id) => work.run((tx) => insert(tx, id))))).toEqual(full);
    expect(commits).toBe(2);
    driver.exec = exec;
    await work.run((tx) => insert(tx, 'later'));
    expect(idsInFile(temporary.file)).toEqual(['later']);
  });

  it('refuses everyone when the file is held by another process, then goes on', async () => {
    const { driver } = temporary.database;
    const exec = driver.exec.bind(driver);
    driver.exec = (sql) => {
      if (sql !== 'BEGIN IMMEDIATE') return exec(sql);
      throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
    };
    const refused = await outcomes([1, 2].map((n) => work.run((tx) => insert(tx, `${n}`))));
    expect(refused).toEqual(['server.busy', 'server.busy']);
    driver.exec = exec;
    await work.run((tx) => insert(tx, 'later'));
    expect(idsInFile(temporary.file)).toEqual(['later']);
  });

  it('commits nothing of a caller whose savepoint cannot be rolled back', async () => {
    const { driver } = temporary.database;
    const exec = driver.exec.bind(driver);
    driver.exec = (sql) => {
      if (sql.startsWith('ROLLBACK TO')) throw new Error('disk I/O error');
      return exec(sql);
    };
    const done = await outcomes([
      work.run((tx) => insert(tx, 'a')),
      work.run(async (tx) => {
        await insert(tx, 'b');
        throw new RangeError('no');
      }),
      work.run((tx) => insert(tx, 'c')),
    ]);
    expect(done).toEqual(['a', 'RangeError', 'c']);
    expect(idsInFile(temporary.file)).toEqual(['a', 'c']);
  });

  it('settles everyone and lives on when even ROLLBACK fails', async () => {
    const { driver } = temporary.database;
    const exec = driver.exec.bind(driver);
    driver.exec = (sql) => {
      if (sql.startsWith('ROLLBACK')) throw new Error('disk I/O error');
      return exec(sql);
    };
    const done = await outcomes([
      work.run((tx) => insert(tx, 'a')),
      work.run(() => Promise.reject(new RangeError('no'))),
    ]);
    expect(done).toEqual(['Error', 'Error']);
    driver.exec = exec;
    await work.run((tx) => insert(tx, 'later'));
    expect(idsInFile(temporary.file)).toEqual(['later']);
  });
});
