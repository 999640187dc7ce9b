import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, stat, symlink } from 'node:fs/promises';
import BetterSqlite3 from 'better-sqlite3';
import { openTemporaryDatabase, type TemporaryDatabase } from '@foreman/testing';
import { Database, DatabaseLockedError, NewerSchemaError } from './index';
import { MIGRATIONS } from './migrations';
import { idsInFile, insert, openScratch, outcomes } from './spec/scratch';

const noHookErrors = (error: unknown) => {
  throw error;
};
const open = (file: string) => Database.open({ file }, noHookErrors);

describe('the database', () => {
  let temporary: TemporaryDatabase;
  beforeEach(async () => {
    temporary = await openScratch();
  });
  afterEach(() => temporary.remove());

  it('is set up for durability: WAL, FULL, foreign keys, incremental auto-vacuum', () => {
    const pragma = (name: string): unknown =>
      temporary.database.driver.pragma(name, { simple: true });
    expect({
      journal: pragma('journal_mode'),
      synchronous: pragma('synchronous'),
      foreignKeys: pragma('foreign_keys'),
      autoVacuum: pragma('auto_vacuum'),
      busyTimeoutMs: pragma('busy_timeout'),
      temporaryStore: pragma('temp_store'),
      logKeptBytes: pragma('journal_size_limit'),
    }).toEqual({
      journal: 'wal',
      synchronous: 2,
      foreignKeys: 1,
      autoVacuum: 2,
      busyTimeoutMs: 5000,
      temporaryStore: 2,
      logKeptBytes: 16_777_216,
    });
  });

  it('keeps foreign keys', async () => {
    const orphan = temporary.database.unitOfWork.run((tx) =>
      tx.insert('job_payloads', { job_id: 'nobody', body: '{}' }),
    );
    await expect(orphan).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_FOREIGNKEY' });
  });

  it('has no deferrable constraint: a COMMIT must not fail for one caller of a group', () => {
    const schema = temporary.database.driver
      .prepare(`SELECT group_concat(upper(sql)) FROM sqlite_master`)
      .pluck()
      .get();
    expect(schema).not.toContain('DEFERR');
  });

  it('finishes queued work when it closes, and refuses more', async () => {
    const { unitOfWork } = temporary.database;
    const queued = Array.from({ length: 300 }, (_, n) =>
      unitOfWork.run((tx) => insert(tx, String(n).padStart(3, '0')), n % 2 ? 'bulk' : 'control'),
    );
    const closed = temporary.database.close();
    await expect(unitOfWork.run((tx) => insert(tx, 'late'))).rejects.toMatchObject({
      code: 'server.busy',
    });
    await closed;
    expect(idsInFile(temporary.file)).toEqual(await Promise.all(queued));
    await temporary.database.close(); // once more does no harm
  });

  it('leaves one plain file behind: the WAL is copied into it', async () => {
    await temporary.database.unitOfWork.run((tx) => insert(tx, 'a'));
    await temporary.database.close();
    await expect(stat(`${temporary.file}-wal`)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(idsInFile(temporary.file)).toEqual(['a']);
  });

  it('gives freed pages back, as many as it is told', async () => {
    const { database } = temporary;
    const fill = database.unitOfWork.run((tx) =>
      tx.execute(`INSERT INTO scratch VALUES ('big', hex(zeroblob(2000000)), 1)`),
    );
    await fill;
    const full = database.sizes();
    expect(full.fileBytes).toBeGreaterThan(4_000_000);
    await database.unitOfWork.run((tx) => tx.execute('DELETE FROM scratch'));
    const freed = database.sizes();
    expect(freed.freeBytes).toBeGreaterThan(3_900_000);
    await database.vacuum(100);
    expect(freed.freeBytes - database.sizes().freeBytes).toBe(100 * 4096);
    await database.vacuum(100_000);
    expect(database.sizes().freeBytes).toBe(0);
    await database.close();
    expect((await stat(temporary.file)).size).toBeLessThan(full.fileBytes - 3_900_000);
  });

  it('is a shorter file after a vacuum, though nobody writes any more', async () => {
    const { database, file } = temporary;
    const fill = `INSERT INTO scratch VALUES ('big', hex(zeroblob(150000)), 1)`;
    await database.unitOfWork.run((tx) => tx.execute(fill));
    await database.unitOfWork.run((tx) => tx.execute('DELETE FROM scratch'));
    database.driver.pragma('wal_checkpoint');
    const full = await stat(file);
    await database.vacuum(1000);
    expect((await stat(file)).size).toBeLessThan(full.size - 290_000);
  });

  it('brings in what a process that was killed left in its log', async () => {
    const { database, file } = temporary;
    database.driver.pragma('wal_checkpoint');
    await database.unitOfWork.run((tx) => insert(tx, 'left'));
    const copy = `${temporary.folder}/copy.db`;
    await copyFile(file, copy);
    await copyFile(`${file}-wal`, `${copy}-wal`);
    const reopened = await open(copy);
    const [log] = reopened.driver.pragma('wal_checkpoint(NOOP)') as Record<string, number>[];
    expect(idsInFile(copy)).toEqual(['left']);
    await reopened.close();
    expect(log?.['checkpointed']).toBe(log?.['log']);
    expect(log?.['log']).toBeGreaterThan(0);
  });

  it('refuses a vacuum without a bound', async () => {
    await expect(temporary.database.vacuum(0)).rejects.toThrow(RangeError);
    await expect(temporary.database.vacuum(Number.NaN)).rejects.toThrow(RangeError);
  });

  it('says whether it can be written', async () => {
    await expect(temporary.database.assertWritable()).resolves.toBeUndefined();
    temporary.database.driver.pragma('query_only = ON');
    temporary.database.driver.exec = () => {
      throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
    };
    await expect(temporary.database.assertWritable()).rejects.toMatchObject({
      code: 'server.storage_full',
    });
  });

  it('names every wrong limit at once', async () => {
    const file = `${temporary.folder}/other.db`;
    const wrong = Database.open({ file, maxGroupSize: 0, workLimitMs: Number.NaN }, noHookErrors);
    await expect(wrong).rejects.toThrow(/maxGroupSize, workLimitMs$/);
  });
});

describe('opening a database', () => {
  let temporary: TemporaryDatabase;
  beforeEach(async () => {
    temporary = await openTemporaryDatabase();
  });
  afterEach(() => temporary.remove());

  const applied = (file: string) => {
    const fresh = new BetterSqlite3(file, { readonly: true });
    const names = fresh.prepare('SELECT name FROM schema_migrations ORDER BY id').pluck().all();
    fresh.close();
    return names;
  };

  it('is refused while another has it, also in the same process, and allowed after', async () => {
    await expect(open(temporary.file)).rejects.toBeInstanceOf(DatabaseLockedError);
    await expect(open(temporary.file)).rejects.toThrow(temporary.file);
    await temporary.database.close();
    const second = await open(temporary.file);
    await second.close();
  });

  it.each<[string, (folder: string) => Promise<[first: string, second: string]>]>([
    [
      'a link to the file',
      async (folder) => {
        await symlink('foreman.db', `${folder}/link.db`);
        return [`${folder}/foreman.db`, `${folder}/link.db`];
      },
    ],
    [
      'a link to a folder above it, though the file is yet to be made',
      async (folder) => {
        await mkdir(`${folder}/data/deep`, { recursive: true });
        await symlink('data', `${folder}/linked`);
        return [`${folder}/data/deep/new.db`, `${folder}/linked/deep/new.db`];
      },
    ],
    [
      'a link that dangles, out of a folder that is a link',
      async (folder) => {
        await mkdir(`${folder}/data/deep`, { recursive: true });
        await symlink('data/deep', `${folder}/linked`);
        await symlink('../new.db', `${folder}/data/deep/dangling.db`);
        return [`${folder}/linked/dangling.db`, `${folder}/data/new.db`];
      },
    ],
  ])('is refused for the other name of one file: %s', async (_what, linkIn) => {
    await temporary.database.close();
    const [first, second] = await linkIn(temporary.folder);
    const holder = await open(first);
    try {
      await expect(open(second)).rejects.toBeInstanceOf(DatabaseLockedError);
    } finally {
      await holder.close();
    }
    const again = await open(second);
    expect(again.file).toBe(holder.file);
    await again.close();
  });

  it('applies each migration once', async () => {
    const names = MIGRATIONS.map((migration) => migration.name);
    expect(applied(temporary.file)).toEqual(names);
    await temporary.database.close();
    await (await open(temporary.file)).close();
    expect(applied(temporary.file)).toEqual(names);
  });

  it('lets one of several migrate, and refuses the others', async () => {
    const file = `${temporary.folder}/new.db`;
    const opening = [open(file), open(file), open(file)];
    const done = await outcomes(opening.map((one) => one.then((database) => database.close())));
    expect(done).toEqual([undefined, 'DatabaseLockedError', 'DatabaseLockedError']);
    expect(applied(file)).toEqual(MIGRATIONS.map((migration) => migration.name));
  });

  it('is refused for a newer schema; nothing is changed, and the lock is free again', async () => {
    await temporary.database.close();
    const newer = new BetterSqlite3(temporary.file);
    newer
      .prepare('INSERT INTO schema_migrations (timestamp, name) VALUES (?, ?)')
      .run(9999999999999, 'FromTheFuture9999999999999');
    newer.close();
    const before = await sha256(temporary.file);
    await expect(open(temporary.file)).rejects.toBeInstanceOf(NewerSchemaError);
    await expect(open(temporary.file)).rejects.toThrow(/FromTheFuture9999999999999/);
    expect(await sha256(temporary.file)).toBe(before);
  });

  it('is refused for a file that could not shrink', async () => {
    const file = `${temporary.folder}/foreign.db`;
    const foreign = new BetterSqlite3(file);
    foreign.exec('CREATE TABLE something (id text)');
    foreign.close();
    await expect(open(file)).rejects.toThrow('PRAGMA auto_vacuum is 0, but must be 2');
  });

  async function sha256(file: string): Promise<string> {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  }
});
