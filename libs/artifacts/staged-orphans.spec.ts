import { openTestEngine, watchUnits, type TestEngine } from '@foreman/testing';
import { ArtifactsModule } from './artifacts.module';
import { BlobSweep } from './blob-sweep';
import { STAGED } from './staged-orphans';

const RUNNING = 1200;
const OVER = 130;

describe('staged artifacts of tasks that are over', () => {
  let engine: TestEngine;
  beforeEach(async () => {
    engine = await openTestEngine(ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test' }));
  });
  afterEach(() => engine.close());

  /** Each with a few bytes. */
  function stage(taskId: string, jobId: string, artifacts: number): void {
    const { driver } = engine.database;
    const blob = driver.prepare('INSERT INTO blobs (key, size, written_at) VALUES (?, 1, 0)');
    const artifact = driver.prepare(
      `INSERT INTO artifacts (id, job_id, task_id, state, lease_token, name, content_type, size, sha256, blob_key, created_at)
       VALUES (?, ?, ?, 'staged', 'lease', ?, 'text/plain', 1, 'x', ?, 0)`,
    );
    for (let n = 0; n < artifacts; n += 1) {
      const key = `${taskId}-${n}`;
      blob.run(key);
      artifact.run(key, jobId, taskId, `name-${n}`, key);
    }
  }

  const staged = async () =>
    engine.reads.query<{ task_id: string; n: number }>(
      'SELECT task_id, count(*) AS n FROM artifacts GROUP BY task_id',
    );

  it('are found a bounded page a unit, beside however many of tasks that run, and removed in small units', async () => {
    const running = await engine.lease((await engine.submit()).id);
    const over = await engine.lease((await engine.submit()).id);
    stage(running.taskId, running.jobId, RUNNING);
    stage(over.taskId, over.jobId, OVER);
    await engine.unitOfWork.run((tx) =>
      tx.execute(`DELETE FROM attempts WHERE task_id = ?`, [over.taskId]),
    );
    await engine.unitOfWork.run((tx) =>
      tx.execute(`DELETE FROM tasks WHERE id = ?`, [over.taskId]),
    );
    const units = watchUnits(engine.unitOfWork);
    expect(await engine.get(BlobSweep).runOnce()).toMatchObject({ staged: OVER, blobs: OVER });
    expect(await staged()).toEqual([{ task_id: running.taskId, n: RUNNING }]);
    const pages = units.flatMap(({ statements }) => statements.filter(({ sql }) => sql === STAGED));
    expect(Math.max(...pages.map(({ rows }) => rows))).toBeLessThanOrEqual(500);
    const removals = units.map(
      ({ statements }) =>
        statements.filter(({ sql }) => sql.startsWith('DELETE FROM artifacts')).length,
    );
    expect(Math.max(...removals)).toBeLessThanOrEqual(50);
    // Each page begins behind the last one: no artifact that stays is looked at twice.
    const starts = pages.map(({ params }) => `${String(params[0])} ${String(params[1])}`);
    expect(starts).toEqual([...new Set(starts)].toSorted());
  });
});
