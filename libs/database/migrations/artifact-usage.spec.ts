import { openTemporaryDatabase, type TemporaryDatabase } from '@foreman/testing';
import { ArtifactUsage1764460800000 } from './1764460800000-artifact-usage';

/** The artifacts that are in the file when it is opened by a version that keeps counts for the limits. */
describe('the migration to counts of what jobs and leases have', () => {
  let temporary: TemporaryDatabase;
  beforeEach(async () => {
    temporary = await openTemporaryDatabase();
    const { name } = new ArtifactUsage1764460800000();
    while (all(`SELECT 1 FROM schema_migrations WHERE name = '${name}'`).length > 0) {
      await temporary.database.dataSource.undoLastMigration({ transaction: 'each' });
    }
  });
  afterEach(() => temporary.remove());

  const all = (sql: string) => temporary.database.driver.prepare(sql).raw().all();

  function write(jobId: string, taskId: string | null, name: string, size: number, lease?: string) {
    temporary.database.driver
      .prepare(
        `INSERT INTO artifacts (id, job_id, task_id, state, lease_token, name, content_type, size, sha256, blob_key,
           created_at, published_at)
         VALUES (?, ?, ?, ?, ?, ?, 'text/plain', ?, 'x', ?, 0, ?)`,
      )
      .run(
        ...[`${jobId}-${taskId}-${name}`, jobId, taskId],
        ...[lease === undefined ? 'published' : 'staged', lease ?? null, name, size],
        ...[`${jobId}-${taskId}-${name}`, lease === undefined ? 1 : null],
      );
  }

  it('counts what is there', async () => {
    write('a', 't0', '0.one', 10);
    write('a', 't1', 'one', 20, 'l1');
    write('a', 't1', 'two', 5, 'l1');
    write('a', null, 'completion', 3);
    write('b', 't2', 'one', 7, 'l2');
    await temporary.database.dataSource.runMigrations({ transaction: 'each' });
    expect(all('SELECT job_id, artifacts, bytes FROM job_artifact_usage ORDER BY job_id')).toEqual([
      ['a', 4, 38],
      ['b', 1, 7],
    ]);
    expect(
      all('SELECT task_id, lease_token, artifacts, bytes FROM lease_artifact_usage ORDER BY 1'),
    ).toEqual([
      ['t1', 'l1', 2, 25],
      ['t2', 'l2', 1, 7],
    ]);
  });
});
