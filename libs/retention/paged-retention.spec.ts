import { Logger } from '@nestjs/common';
import { ArtifactObjects, ArtifactsModule } from '@foreman/artifacts';
import { ResultSweep, ResultsModule } from '@foreman/results';
import { openTestEngine, watchUnits, type TestEngine, type WatchedUnit } from '@foreman/testing';
import { WebhookEndpoints, WebhooksModule } from '@foreman/webhooks';
import { EXPIRED, HIDDEN, HIDE } from './expired-jobs.store';
import { Retention } from './retention';
import { RetentionModule } from './retention.module';

/** What one bulk unit may look at, as the issue has it. */
const MOST_OF_A_UNIT = 500;
const HELD = 1100;
const FREE = 150;

describe('retention of many jobs at once', () => {
  let engine: TestEngine;
  let retention: Retention;

  beforeEach(async () => {
    engine = await openTestEngine(
      ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test' }),
      ResultsModule.forRoot(),
      WebhooksModule.forRoot({
        secretKey: Buffer.alloc(32, 1),
        artifactSource: ArtifactObjects,
        allowedNetworks: ['127.0.0.0/8'],
      }),
      RetentionModule.forRoot(),
    );
    retention = engine.get(Retention);
  });

  afterEach(() => engine.close());

  const count = async (where: string) =>
    Number(
      (await engine.reads.query<{ n: number }>(`SELECT count(*) AS n FROM jobs WHERE ${where}`))[0]
        ?.n,
    );

  /** Finalized jobs, all past their time at the same millisecond; hidden ones were deleted by hand. */
  function writeJobs(prefix: string, jobs: number, hiddenAt: number | null = null): void {
    const now = engine.clock.now();
    const insert = engine.database.driver.prepare(
      `INSERT INTO jobs (id, kind, queue, status, priority, metadata, on_task_failure, max_attempts, lease_seconds,
         ttl_seconds, task_count, run, event_seq, created_at, finalized_at, expires_at, hidden_at)
       VALUES (?, 'k', 'default', 'cancelled', 0, '{}', 'fail', 3, 60, 0, 1, 1, 1, 0, 0, ?, ?)`,
    );
    for (let n = 0; n < jobs; n += 1) {
      insert.run(
        `${prefix}-${String(n).padStart(5, '0')}`,
        hiddenAt === null ? now : null,
        hiddenAt,
      );
    }
  }

  /** Kept for a standing endpoint that is disabled: so they hold their jobs for days. */
  async function hold(prefix: string): Promise<void> {
    const endpoint = await engine.unitOfWork.run(async (tx) => {
      const made = await engine
        .get(WebhookEndpoints)
        .createStanding(tx, { url: 'http://127.0.0.1:9999/' });
      await tx.execute(
        `UPDATE webhook_endpoints SET disabled_at = 1, disabled_reason = 'failing' WHERE id = ?`,
        [made.id],
      );
      return made.id;
    });
    engine.database.driver
      .prepare(
        `INSERT INTO webhook_messages (event_id, job_id, type, run, seq, job, artifacts, created_at)
         SELECT id, id, 'job.cancelled', 1, 1, '{}', '[]', 0 FROM jobs WHERE id LIKE ? || '%'`,
      )
      .run(prefix);
    engine.database.driver
      .prepare(
        `INSERT INTO deliveries (id, event_id, endpoint_id, job_id, host, status, attempt_count, schedule_step,
           created_at, finished_at)
         SELECT id, id, ?, id, 'h', 'disabled', 0, 0, 0, 0 FROM jobs WHERE id LIKE ? || '%'`,
      )
      .run(endpoint, prefix);
  }

  const rowsOf = (units: readonly WatchedUnit[], sql: string) =>
    units.flatMap(({ statements }) =>
      statements.filter((statement) => statement.sql === sql).map(({ rows }) => rows),
    );
  const sum = (rows: readonly number[]) => rows.reduce((all, some) => all + some, 0);

  it('steps over what a disabled endpoint holds once, a bounded page a unit', async () => {
    writeJobs('a-held', HELD);
    writeJobs('b-free', FREE);
    await hold('a-held');
    const units = watchUnits(engine.unitOfWork);
    expect(await retention.runOnce()).toMatchObject({ examined: HELD + FREE, jobs: FREE });
    expect(await count(`id LIKE 'a-held%' AND hidden_at IS NULL`)).toBe(HELD);
    expect(await count(`id LIKE 'b-free%'`)).toBe(0);
    expect(sum(rowsOf(units, EXPIRED))).toBe(HELD + FREE);
    expect(Math.max(...rowsOf(units, EXPIRED))).toBeLessThanOrEqual(MOST_OF_A_UNIT);
    expect(sum(rowsOf(units, HIDE))).toBe(FREE);
    expect(sum(rowsOf(units, HIDDEN))).toBe(FREE);
  });

  it('steps over deleted jobs that are held once, too', async () => {
    writeJobs('a-held', HELD, engine.clock.now());
    writeJobs('b-free', FREE, engine.clock.now());
    await hold('a-held');
    const units = watchUnits(engine.unitOfWork);
    expect(await retention.runOnce()).toMatchObject({ examined: HELD + FREE, jobs: FREE });
    expect(sum(rowsOf(units, HIDDEN))).toBe(HELD + FREE);
    expect(Math.max(...rowsOf(units, HIDDEN))).toBeLessThanOrEqual(MOST_OF_A_UNIT);
  });

  it('comes to an end though jobs are deleted as fast as it removes them', async () => {
    writeJobs('first', 300, engine.clock.now());
    const { removal } = retention as unknown as { removal: { remove(ids: string[]): unknown } };
    const remove = removal.remove.bind(removal);
    let deleted = 0;
    removal.remove = async (ids) => {
      engine.clock.advance(1);
      if (deleted < 2000) writeJobs(`later-${deleted}`, 200, engine.clock.now());
      deleted += 200;
      return remove(ids);
    };
    expect(await retention.runOnce()).toMatchObject({ examined: 300, jobs: 300 });
  });

  it('looks for what else may be swept once a run, however many jobs it removes', async () => {
    writeJobs('free', FREE);
    const query = jest.spyOn(engine.reads, 'query');
    await retention.runOnce();
    const looks = (part: string) => query.mock.calls.filter(([sql]) => sql.includes(part));
    expect(looks('AS is_orphan')).toHaveLength(1);
    // Each group of jobs deletes what it released itself, so that no more is held at a time.
    expect(looks('ORDER BY released_at').length).toBeGreaterThan(FREE / 20);
  });

  it('removes all others of a group where one cannot be removed, and sweeps on', async () => {
    Logger.overrideLogger(false);
    writeJobs('free', FREE);
    engine.database.driver.exec(
      `CREATE TRIGGER broken BEFORE DELETE ON jobs WHEN OLD.id IN ('free-00000', 'free-00042')
       BEGIN SELECT RAISE(ABORT, 'a broken job'); END`,
    );
    expect(await retention.runOnce()).toMatchObject({ examined: FREE, jobs: FREE - 2 });
    engine.database.driver.exec('DROP TRIGGER broken');
    expect(await retention.runOnce()).toMatchObject({ examined: 2, jobs: 2 });
  });

  it('goes on with its other parts where one fails, and says so', async () => {
    Logger.overrideLogger(false);
    writeJobs('free', FREE);
    engine.database.driver.exec(
      `CREATE TRIGGER broken BEFORE UPDATE ON jobs WHEN NEW.hidden_at IS NOT NULL
       BEGIN SELECT RAISE(ABORT, 'a broken job'); END`,
    );
    const results = jest.spyOn(engine.get(ResultSweep), 'runOnce');
    await expect(retention.runOnce()).rejects.toMatchObject({ message: 'a broken job' });
    expect(results).toHaveBeenCalledTimes(1);
  });
});
