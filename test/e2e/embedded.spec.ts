import { ArtifactObjects, ArtifactUploads } from '@foreman/artifacts';
import { verifyWebhook } from '@foreman/client';
import { ReadConnection, UnitOfWork } from '@foreman/database';
import { type EdgePrincipal, Edges, Enrolments } from '@foreman/edges';
import { JobSubmission, JobViews } from '@foreman/jobs';
import { type ClockTimer, SystemClock, sha256Hex } from '@foreman/kernel';
import { Completion, type LeasedTask, Leasing } from '@foreman/leasing';
import { Heartbeats } from '@foreman/progress';
import { ResultIngestion, ResultQueries } from '@foreman/results';
import { Retention } from '@foreman/retention';
import { Receiver } from '@foreman/testing';
import { WebhookEndpoints, WebhookSender } from '@foreman/webhooks';
import type { INestApplication } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { join } from 'node:path';
import { EmbeddingModule, PlainModule } from './embedded/research.module';
import { routerLayers } from './embedded/routes';
import { StandingTimers } from './embedded/standing-timers';
import { makeDataFolder } from './harness';

/** A booting application and a few dozen commits, beside others. */
const WITHIN_MS = 60_000;
const SETTINGS = { logger: ['error'], abortOnError: false } as { logger: ['error'] };

/** Knows the timers that are set and have neither fired nor been cancelled. */
class CountingClock extends SystemClock {
  timersSet = 0;
  readonly standing = new Set<ClockTimer>();

  override setTimer(delayMs: number, fn: () => void): ClockTimer {
    this.timersSet += 1;
    const timer = super.setTimer(delayMs, () => {
      this.standing.delete(counted);
      fn();
    });
    const counted = {
      cancel: () => {
        this.standing.delete(counted);
        timer.cancel();
      },
    };
    this.standing.add(counted);
    return counted;
  }
}

describe('a Nest application that imports the libs, without the gateway', () => {
  const clock = new CountingClock();
  const timers = new StandingTimers();
  const cleanup: (() => Promise<unknown>)[] = [];
  let app: INestApplication;
  let plain: INestApplication;
  let timersOfPlain = 0;
  let timersOfApp = 0;

  beforeAll(async () => {
    const folder = await makeDataFolder();
    cleanup.push(folder.remove);
    timersOfPlain = await timers.leftBy(async () => {
      plain = await NestFactory.create(PlainModule, SETTINGS);
      cleanup.push(() => plain.close());
      await plain.listen(0, '127.0.0.1');
    });
    timersOfApp = await timers.leftBy(async () => {
      const module = EmbeddingModule.forRoot(join(folder.path, 'research.db'), clock);
      app = await NestFactory.create(module, SETTINGS);
      cleanup.push(() => app.close());
      await app.listen(0, '127.0.0.1');
    });
  }, WITHIN_MS);

  afterAll(async () => {
    timers.stop();
    for (const undo of cleanup.toReversed()) await undo();
  }, WITHIN_MS);

  it('gets no route that it did not ask for', async () => {
    expect(routerLayers(app)).toEqual(routerLayers(plain));
    expect(routerLayers(app).filter((layer) => !layer.startsWith('('))).toEqual(['/own/greeting']);
    const answer = await fetch(`${await app.getUrl()}/jobs`);
    expect(answer.status).toBe(404);
  });

  it('gets no timer that it did not ask for', () => {
    expect(clock.timersSet).toBe(0);
    expect(timersOfApp).toBe(timersOfPlain);
    const modules = [...app.get(ModulesContainer).values()].map(({ metatype }) => metatype.name);
    expect(modules).toContain('LeasingModule');
    expect(modules).not.toContain('ScheduleModule');
  });

  it(
    'submits a job, leases it, works and completes it by method calls',
    async () => {
      const receiver = await Receiver.start();
      cleanup.push(() => receiver.stop());
      const edge = await enrol();
      // Parked before there is anything to lease: the submission wakes it.
      const parked = app.get(Leasing).lease(edge, { ...ONE_TASK, waitSeconds: 50 });
      const { jobId, secret } = await submit(receiver.url());
      const [leased] = (await parked).items;
      expect(leased?.payload).toEqual({ upTo: 3 });

      await work(edge, leased as LeasedTask);

      const reads = app.get(ReadConnection);
      const job = await app.get(JobViews).one(reads, jobId);
      expect(job).toMatchObject({
        status: 'completed',
        progress: { processed: 3, total: 3 },
        summary: { bestConfigIds: ['n=3'], processedCount: 3, totalCount: 3 },
      });
      const objects = app.get(ArtifactObjects);
      expect(await objects.of(jobId, await objects.list(reads, jobId), null)).toMatchObject([
        { name: 'completion', inline: { bestConfigIds: ['n=3'] }, url: null },
        { name: 'squares.txt', inline: '1\n4\n9\n', sha256: sha256Hex('1\n4\n9\n') },
      ]);

      expect(await app.get(WebhookSender).runOnce()).toMatchObject({ sent: 1, failed: 0 });
      const [post] = receiver.posts;
      const { event } = verifyWebhook({
        secrets: secret,
        headers: post?.headers ?? {},
        rawBody: post?.body ?? '',
      });
      expect(event).toMatchObject({ type: 'job.completed', data: { job: { id: jobId } } });

      expect(await app.get(Retention).runOnce()).toMatchObject({ jobs: 1, artifacts: 2 });
      expect(await app.get(JobViews).one(reads, jobId)).toBeNull();
      // The parked poll and the post had theirs; none is left.
      expect(clock.timersSet).toBeGreaterThan(0);
      expect(clock.standing.size).toBe(0);
    },
    WITHIN_MS,
  );

  const ONE_TASK = { max: 1, waitSeconds: 0, isResuming: false, idempotency: null };

  async function enrol(): Promise<EdgePrincipal> {
    const enrolments = app.get(Enrolments);
    const { token } = await app.get(UnitOfWork).run((tx) => enrolments.create(tx, {}));
    const edge = await enrolments.enrol(token, { name: 'here', kinds: ['squares'] });
    return app.get(Edges).authenticate(edge.token);
  }

  /** Job and endpoint in one transaction, as a service of its own would. */
  function submit(webhookUrl: string): Promise<{ jobId: string; secret: string }> {
    return app.get(UnitOfWork).run(async (tx) => {
      const command = { kind: 'squares', payload: { upTo: 3 }, ttlSeconds: 0 };
      const job = await app.get(JobSubmission).submitIn(tx, command);
      const target = { url: webhookUrl };
      const { secret } = await app.get(WebhookEndpoints).createForJob(tx, job.id, target);
      return { jobId: job.id, secret };
    });
  }

  async function work(edge: EdgePrincipal, { task, leaseToken }: LeasedTask): Promise<void> {
    const lease = { taskId: task.id, edgeId: edge.edgeId, leaseToken };
    const beat = { ...lease, started: true, processed: 1, total: 3, status: 'squaring' };
    expect(await app.get(Heartbeats).beat(edge.edgeId, beat)).toMatchObject({ action: 'continue' });
    const rows = [1, 2, 3].map((n) => ({
      configId: `n=${n}`,
      config: { n },
      metrics: { n2: n * n },
    }));
    expect(await app.get(ResultIngestion).postRows({ ...lease, rows })).toEqual({
      received: 3,
      stored: 3,
    });
    const best = { sort: 'metrics.n2', order: 'desc', limit: 1, cursor: null } as const;
    const page = await app.get(ResultQueries).page(app.get(ReadConnection), task.jobId, best);
    expect(page.items).toMatchObject([{ configId: 'n=3', metrics: { n2: 9 } }]);
    const { isNew } = await app.get(ArtifactUploads).put({
      ...lease,
      name: 'squares.txt',
      contentType: 'text/plain',
      body: (async function* () {
        yield Buffer.from('1\n4\n');
        yield Buffer.from('9\n');
      })(),
    });
    expect(isNew).toBe(true);
    const completion = { bestConfigIds: ['n=3'], processedCount: 3, totalCount: 3, resultCount: 3 };
    expect(
      await app.get(Completion).complete(edge, { ...lease, ...completion, wantsNext: false }),
    ).toMatchObject({ jobStatus: 'completed', next: null });
  }
});
