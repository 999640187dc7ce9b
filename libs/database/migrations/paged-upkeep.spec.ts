import { openTemporaryDatabase, type TemporaryDatabase } from '@foreman/testing';
import { PagedUpkeep1764547200000 } from './1764547200000-paged-upkeep';

/** What is in the file when it is opened by a version that walks it in pages. */
describe('the migration to paged upkeep', () => {
  let temporary: TemporaryDatabase;
  beforeEach(async () => {
    temporary = await openTemporaryDatabase();
    const { name } = new PagedUpkeep1764547200000();
    while (all(`SELECT 1 FROM schema_migrations WHERE name = '${name}'`).length > 0) {
      await temporary.database.dataSource.undoLastMigration({ transaction: 'each' });
    }
  });
  afterEach(() => temporary.remove());

  const run = (sql: string) => temporary.database.driver.exec(sql);
  const all = (sql: string) => temporary.database.driver.prepare(sql).raw().all();
  const redo = () => temporary.database.dataSource.runMigrations({ transaction: 'each' });

  function writeBlob(key: string, size: number): void {
    run(`INSERT INTO blobs (key, size, written_at) VALUES ('${key}', ${size}, 0)`);
  }

  it('counts the inputs that are stored, and the bytes that they share once', async () => {
    writeBlob('b1', 10);
    writeBlob('b2', 7);
    run(
      `INSERT INTO input_blobs (sha256, blob_key, size, refs) VALUES ('x', 'b1', 10, 2), ('y', 'b2', 7, 1)`,
    );
    const stored = (id: string, sha256: string, size: number) =>
      run(`INSERT INTO inputs (id, content_type, sha256, size, ttl_seconds, created_at, stored_at, expires_at)
           VALUES ('${id}', 'text/csv', '${sha256}', ${size}, 60, 0, 1, 1)`);
    stored('i1', 'x', 10);
    stored('i2', 'x', 10);
    stored('i3', 'y', 7);
    run(`INSERT INTO inputs (id, content_type, ttl_seconds, created_at, expires_at)
         VALUES ('open', 'text/csv', 60, 0, 1)`);
    await redo();
    expect(all('SELECT * FROM input_totals')).toEqual([[1, 3, 17]]);
  });

  it('gives the pass that is open an end: the last blob that there is', async () => {
    writeBlob('b1', 10);
    writeBlob('b9', 10);
    run(`INSERT INTO artifact_scrub (id, after_key, started_at, blobs, bytes, corrupt, unreadable)
         VALUES (1, 'b1', 0, 1, 10, 0, 0)`);
    await redo();
    expect(all('SELECT after_key, end_key FROM artifact_scrub')).toEqual([['b1', 'b9']]);
  });

  it('counts nothing where there is nothing', async () => {
    await redo();
    expect(all('SELECT * FROM input_totals')).toEqual([]);
    expect(all('SELECT * FROM artifact_scrub')).toEqual([]);
  });
});
