import { Logger } from '@nestjs/common';
import { openTestEngine, watchUnits, type TestEngine } from '@foreman/testing';
import { Inputs } from './inputs/inputs';
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
    const query = jest.spyOn(engine.reads, 'query');
    expect(await engine.get(BlobSweep).runOnce()).toMatchObject({ staged: OVER, blobs: OVER });
    expect(await staged()).toEqual([{ task_id: running.taskId, n: RUNNING }]);
    const pages = query.mock.calls.filter(([sql]) => sql === STAGED).map(([, params]) => params);
    expect(pages.map((params) => params?.[2])).toEqual([500, 500, 500]);
    const removals = units.map(
      ({ statements }) =>
        statements.filter(({ sql }) => sql.startsWith('DELETE FROM artifacts')).length,
    );
    expect(Math.max(...removals)).toBeLessThanOrEqual(50);
    // Each page begins behind the last one: no artifact that stays is looked at twice.
    const starts = pages.map((params) => `${String(params?.[0])} ${String(params?.[1])}`);
    expect(starts).toEqual([...new Set(starts)].toSorted());
  });

  it('one that cannot be removed stops no other, nor what is swept after it', async () => {
    Logger.overrideLogger(false);
    const over = await engine.lease((await engine.submit()).id);
    stage(over.taskId, over.jobId, OVER);
    const { driver } = engine.database;
    driver.exec('DELETE FROM attempts; DELETE FROM tasks');
    driver.exec(
      `CREATE TRIGGER broken BEFORE DELETE ON artifacts WHEN OLD.name = 'name-7'
       BEGIN SELECT RAISE(ABORT, 'a broken artifact'); END;
       CREATE TRIGGER stuck BEFORE DELETE ON blobs WHEN OLD.key LIKE '%-1_'
       BEGIN SELECT RAISE(ABORT, 'a broken blob'); END`,
    );
    const counts = await engine.get(BlobSweep).runOnce();
    expect(counts).toMatchObject({ staged: OVER - 1, blobs: OVER - 1 - 10 });
    driver.exec('DROP TRIGGER broken; DROP TRIGGER stuck');
    expect(await engine.get(BlobSweep).runOnce()).toMatchObject({ staged: 1, blobs: 11 });
  });

  it('nor does an input', async () => {
    const { driver } = engine.database;
    for (const type of ['text/bad', 'text/good']) {
      await engine.unitOfWork.run((tx) => engine.get(Inputs).create(tx, { contentType: type }));
    }
    driver.exec(
      `CREATE TRIGGER broken BEFORE DELETE ON inputs WHEN OLD.content_type = 'text/bad'
       BEGIN SELECT RAISE(ABORT, 'a broken input'); END`,
    );
    engine.clock.advance(86_400_000);
    expect(await engine.get(BlobSweep).runOnce()).toMatchObject({ inputs: 1 });
  });
});
