import { openTemporaryDatabase, type TemporaryDatabase } from '@foreman/testing';
import { ArtifactUpkeep1764288000000 } from './1764288000000-artifact-upkeep';

/** The artifacts that are in the file when it is opened by a version that keeps figures of them. */
describe('the migration to figures of artifacts', () => {
  let temporary: TemporaryDatabase;
  beforeEach(async () => {
    temporary = await openTemporaryDatabase();
    await undo();
  });
  afterEach(() => temporary.remove());

  const run = (sql: string, ...params: unknown[]) =>
    temporary.database.driver.prepare(sql).run(...params);
  const all = (sql: string) => temporary.database.driver.prepare(sql).raw().all();
  const redo = () => temporary.database.dataSource.runMigrations({ transaction: 'each' });

  /** It, and what came after it. */
  async function undo(): Promise<void> {
    const { name } = new ArtifactUpkeep1764288000000();
    while (all(`SELECT 1 FROM schema_migrations WHERE name = '${name}'`).length > 0) {
      await temporary.database.dataSource.undoLastMigration({ transaction: 'each' });
    }
  }

  function writeJob(id: string, kind: string, queue: string): void {
    run(
      `INSERT INTO jobs (id, kind, queue, status, priority, metadata, on_task_failure, max_attempts, lease_seconds,
         ttl_seconds, task_count, run, event_seq, created_at)
       VALUES (?, ?, ?, 'queued', 0, '{}', 'fail', 3, 60, 0, 3, 1, 0, 0)`,
      id,
      kind,
      queue,
    );
  }

  function writeArtifact(jobId: string, name: string, size: number, isStaged: boolean): void {
    run(
      `INSERT INTO artifacts (id, job_id, task_id, state, lease_token, name, content_type, size, sha256, blob_key,
         created_at, published_at)
       VALUES (?, ?, 't', ?, ?, ?, 'text/plain', ?, 'x', ?, 0, ?)`,
      `${jobId}-${name}`,
      jobId,
      isStaged ? 'staged' : 'published',
      isStaged ? 'lease' : null,
      name,
      size,
      `${jobId}-${name}`,
      isStaged ? null : 1,
    );
  }

  it('counts what is there', async () => {
    writeJob('a', 'chat', 'default');
    writeJob('b', 'chat', 'default');
    writeJob('c', 'chat', 'slow');
    writeArtifact('a', 'one', 10, false);
    writeArtifact('b', 'one', 20, false);
    writeArtifact('b', 'two', 5, true);
    writeArtifact('c', 'one', 7, false);
    await redo();
    expect(
      all('SELECT kind, queue, state, artifacts, bytes FROM artifact_totals ORDER BY 1, 2, 3'),
    ).toEqual([
      ['chat', 'default', 'published', 2, 30],
      ['chat', 'default', 'staged', 1, 5],
      ['chat', 'slow', 'published', 1, 7],
    ]);
  });

  it('counts nothing where there is nothing', async () => {
    await redo();
    expect(all('SELECT * FROM artifact_totals')).toEqual([]);
  });
});
