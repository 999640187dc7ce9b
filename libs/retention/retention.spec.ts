import { statSync } from 'node:fs';
import {
  ArtifactObjects,
  ArtifactPublication,
  ArtifactReads,
  ArtifactUploads,
  ArtifactsModule,
} from '@foreman/artifacts';
import { DomainError } from '@foreman/kernel';
import { LeaseFence, JobLifecycle, TaskLifecycle, type JobEntity } from '@foreman/jobs';
import { ResultIngestion, ResultsModule, RowSets } from '@foreman/results';
import { openTestEngine, type TestEngine } from '@foreman/testing';
import { WebhookEndpoints, WebhooksModule } from '@foreman/webhooks';
import { Retention } from './retention';
import { RetentionModule } from './retention.module';

const TTL_SECONDS = 60;
const HOLD_SECONDS = 600;
const SUMMARY = { bestConfigIds: ['c0'], processedCount: 1, totalCount: 1 };

describe('retention', () => {
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
      RetentionModule.forRoot({ deliveryHoldSeconds: HOLD_SECONDS }),
    );
    retention = engine.get(Retention);
  });

  afterEach(() => engine.close());

  /** A completed job with something in every table that a job can reach. */
  async function completedJob(artifactBytes = 1000, rowCount = 3): Promise<JobEntity> {
    const job = await engine.submit({
      payload: { a: 1 },
      tasks: [{ payload: { b: 2 }, requires: { gpu: 'true' } }],
      ttlSeconds: TTL_SECONDS,
    });
    const discarded = await engine.lease(job.id);
    await post(discarded, 1);
    const lease = await engine.lease(job.id);
    await engine.unitOfWork.run(async (tx) => {
      const task = await engine.get(LeaseFence).hold(tx, { ...lease, now: engine.clock.now() });
      await engine.get(RowSets).startFresh(tx, task);
    });
    await post(lease, rowCount);
    const body = (async function* () {
      yield Buffer.alloc(artifactBytes, 'x');
    })();
    const upload = { ...lease, name: 'big.bin', contentType: 'application/octet-stream', body };
    await engine.get(ArtifactUploads).put(upload);
    await engine.unitOfWork.run(async (tx) => {
      const now = engine.clock.now();
      const task = await engine.get(LeaseFence).hold(tx, { ...lease, now });
      const { leaseToken } = lease;
      await engine
        .get(ArtifactPublication)
        .publish(tx, { task, isOnlyTask: true, declared: [], leaseToken, now }, SUMMARY);
      await engine.get(TaskLifecycle).complete(tx, task, SUMMARY, now);
      await tx.insert('late_writes', {
        id: engine.ids.uuid(),
        job_id: job.id,
        task_id: task.id,
        edge_id: lease.edgeId,
        attempt: 1,
        call: 'results',
        body_sha256: 'x',
        body: '{}',
        created_at: now,
      });
    });
    return job;
  }

  function post(lease: { taskId: string; edgeId: string; leaseToken: string }, count: number) {
    const rows = Array.from({ length: count }, (_, index) => ({
      configId: `c${index}`,
      config: { index },
      metrics: { sharpe: index },
    }));
    const json = Buffer.from(JSON.stringify({ rows }));
    return engine.get(ResultIngestion).postJson({ ...lease, json, idempotencyKey: 'k' });
  }

  const count = async (sql: string) => Number((await engine.reads.query<{ n: number }>(sql))[0]?.n);
  const jobs = (where = '1 = 1') => count(`SELECT count(*) AS n FROM jobs WHERE ${where}`);
  const expire = () => engine.clock.advance(TTL_SECONDS * 1000);

  /** Rows in every table; those of the totals are there from the beginning. */
  async function leftovers(): Promise<Record<string, number>> {
    const tables = await engine.reads.query<{ name: string }>(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
         AND name NOT IN ('schema_migrations', 'job_totals', 'delivery_totals')`,
    );
    const found: Record<string, number> = {};
    for (const { name } of tables) {
      const rows = await count(`SELECT count(*) AS n FROM ${name}`);
      if (rows > 0) found[name] = rows;
    }
    return found;
  }

  it('leaves a job alone until its very last millisecond', async () => {
    await completedJob();
    engine.clock.advance(TTL_SECONDS * 1000 - 1);
    expect(await retention.runOnce()).toEqual({ examined: 0, jobs: 0, artifacts: 0, bytes: 0 });
    engine.clock.advance(1);
    expect(await retention.runOnce()).toMatchObject({ examined: 1, jobs: 1 });
  });

  it('removes every row and byte of a job, and says what it removed', async () => {
    await completedJob(300_000, 1200);
    const summaryBytes = JSON.stringify(SUMMARY).length;
    expire();
    const counts = await retention.runOnce();
    expect(counts).toEqual({ examined: 1, jobs: 1, artifacts: 2, bytes: 300_000 + summaryBytes });
    expect(await leftovers()).toEqual({});
  });

  it('gives the space back to the disk: the file itself is as short as before', async () => {
    const bytesOfFile = () => statSync(engine.file).size;
    engine.database.driver.pragma('wal_checkpoint(TRUNCATE)');
    const before = bytesOfFile();
    await completedJob(6_000_000);
    engine.database.driver.pragma('wal_checkpoint(TRUNCATE)');
    expect(bytesOfFile()).toBeGreaterThan(before + 6_000_000);
    expire();
    await retention.runOnce();
    expect(engine.database.sizes().freeBytes).toBe(0);
    expect(bytesOfFile()).toBeLessThan(before + 100_000);
  });

  it('gives it back a bounded number of pages at a time, in the bulk lane', async () => {
    await completedJob(6_000_000);
    expire();
    const lanes: (string | undefined)[] = [];
    const run = engine.unitOfWork.run.bind(engine.unitOfWork);
    engine.unitOfWork.run = (work, lane) => {
      lanes.push(lane);
      return run(work, lane);
    };
    const { driver } = engine.database;
    const pragma = driver.pragma.bind(driver);
    const pages: number[] = [];
    const steps: number[] = [];
    driver.pragma = (sql, options) => {
      if (!sql.startsWith('incremental_vacuum')) return pragma(sql, options);
      pages.push(Number(/\d+/.exec(sql)?.[0]));
      const free = () => Number(pragma('freelist_count', { simple: true }));
      const freeBefore = free();
      const answer = pragma(sql, options);
      steps.push(freeBefore - free());
      return answer;
    };
    await retention.runOnce();
    expect(new Set(pages)).toEqual(new Set([500]));
    expect(steps.length).toBeGreaterThan(2);
    expect(Math.max(...steps)).toBeLessThanOrEqual(500);
    expect(new Set(lanes)).toEqual(new Set(['bulk']));
  });

  it('never touches a pinned job, nor one that is not finalized', async () => {
    const pinned = await completedJob();
    await engine.unitOfWork.run((tx) => engine.get(JobLifecycle).pin(tx, pinned.id));
    await engine.submit({ ttlSeconds: 0 });
    const running = await engine.submit({ ttlSeconds: 0 });
    await engine.lease(running.id);
    engine.clock.advance(1_000_000_000);
    expect(await retention.runOnce()).toMatchObject({ examined: 0, jobs: 0 });
    expect(await jobs('hidden_at IS NULL')).toBe(3);
  });

  it('removes a job that was deleted by hand at the next run', async () => {
    const job = await engine.submit();
    await engine.unitOfWork.run((tx) =>
      engine.get(JobLifecycle).hide(tx, job.id, engine.clock.now()),
    );
    expect(await retention.runOnce()).toMatchObject({ examined: 1, jobs: 1 });
    expect(await leftovers()).toEqual({});
  });

  describe('with a delivery owed', () => {
    async function owedJob(): Promise<JobEntity> {
      const job = await engine.submit({ ttlSeconds: TTL_SECONDS });
      await engine.unitOfWork.run(async (tx) => {
        const url = 'http://127.0.0.1:9999/hook';
        await engine.get(WebhookEndpoints).createForJob(tx, job.id, { url });
        await engine.get(JobLifecycle).cancel(tx, job.id, engine.clock.now());
      });
      expect(await count(`SELECT count(*) AS n FROM deliveries WHERE status = 'pending'`)).toBe(1);
      return job;
    }

    it('keeps the job, but for no longer than the hold', async () => {
      await owedJob();
      expire();
      expect(await retention.runOnce()).toMatchObject({ examined: 1, jobs: 0 });
      engine.clock.advance(HOLD_SECONDS * 1000 - 1);
      expect(await retention.runOnce()).toMatchObject({ examined: 1, jobs: 0 });
      expect(await jobs('hidden_at IS NULL')).toBe(1);
      engine.clock.advance(1);
      expect(await retention.runOnce()).toMatchObject({ examined: 1, jobs: 1 });
      expect(await leftovers()).toEqual({});
    });

    it('lets the job go as soon as it is delivered', async () => {
      await owedJob();
      expire();
      await engine.unitOfWork.run((tx) =>
        tx.execute(
          `UPDATE deliveries SET status = 'delivered', next_attempt_at = NULL, finished_at = 1`,
        ),
      );
      expect(await retention.runOnce()).toMatchObject({ jobs: 1 });
    });

    it('hides a deleted job at once, and removes it when nothing is owed', async () => {
      const job = await owedJob();
      const now = engine.clock.now();
      await engine.unitOfWork.run((tx) => engine.get(JobLifecycle).hide(tx, job.id, now));
      expect(await retention.runOnce()).toMatchObject({ examined: 1, jobs: 0 });
      engine.clock.advance(HOLD_SECONDS * 1000);
      expect(await retention.runOnce()).toMatchObject({ jobs: 1 });
    });
  });

  it('can be killed after any of its units of work, and then goes on', async () => {
    const run = engine.unitOfWork.run.bind(engine.unitOfWork);
    const lanes: string[] = [];
    for (let units = 0; ; units += 1) {
      // More chunks than one unit deletes: it can stop in the middle of a blob.
      const job = await completedJob(17 * 262_144, 600);
      expire();
      let left = units;
      engine.unitOfWork.run = (work, lane) => {
        lanes.push(lane ?? 'control');
        if (left === 0) return Promise.reject(new DomainError('server.busy', 'killed'));
        left -= 1;
        return run(work, lane);
      };
      const isDone = await retention.runOnce().then(
        () => true,
        () => false,
      );
      engine.unitOfWork.run = run;
      await assertVisibleJobIsWhole(job.id);
      await assertNothingIsOrphaned();
      await retention.runOnce();
      expect(await leftovers()).toEqual({});
      if (isDone) break;
    }
    expect(new Set(lanes)).toEqual(new Set(['bulk']));
    expect(lanes.length).toBeGreaterThan(100);
  });

  /** Either nobody sees the job, or everything of it is there. */
  async function assertVisibleJobIsWhole(jobId: string): Promise<void> {
    const reads = engine.get(ArtifactReads);
    const isVisible = (await jobs(`id = '${jobId}' AND hidden_at IS NULL`)) > 0;
    const artifacts = await reads.list(engine.reads, jobId);
    expect(artifacts.map((artifact) => artifact.name)).toEqual(
      isVisible ? ['completion', 'big.bin'] : [],
    );
    for (const artifact of artifacts) {
      let size = 0;
      for await (const piece of reads.open(artifact)) size += (piece as Buffer).length;
      expect(size).toBe(artifact.size);
    }
  }

  /** Every byte has a blob, every blob a row that names it or the mark by which the sweep finds it. */
  async function assertNothingIsOrphaned(): Promise<void> {
    const orphans = await count(`
      SELECT (SELECT count(*) FROM blob_chunks WHERE blob_key NOT IN (SELECT key FROM blobs))
           + (SELECT count(*) FROM blobs WHERE released_at IS NULL AND size IS NOT NULL
                AND key NOT IN (SELECT blob_key FROM artifacts)
                AND key NOT IN (SELECT blob_key FROM input_blobs))
           + (SELECT count(*) FROM artifacts
                WHERE blob_key NOT IN (SELECT key FROM blobs WHERE released_at IS NULL)) AS n`);
    expect(orphans).toBe(0);
  }

  it('cuts a download off whose blob goes meanwhile', async () => {
    const job = await completedJob(1_000_000);
    const artifact = await engine.get(ArtifactReads).get(engine.reads, job.id, 'big.bin');
    const download = engine.get(ArtifactReads).open(artifact);
    const read = (async () => {
      let size = 0;
      for await (const piece of download) {
        if (size === 0) {
          expire();
          await retention.runOnce();
        }
        size += (piece as Buffer).length;
      }
      return size;
    })();
    await expect(read).rejects.toThrow('any more');
  });

  it('answers a call during a run with that run', async () => {
    await completedJob();
    expire();
    const both = await Promise.all([retention.runOnce(), retention.runOnce()]);
    expect(both[0]).toBe(both[1]);
  });
});
