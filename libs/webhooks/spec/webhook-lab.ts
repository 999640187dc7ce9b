import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  DatabaseModule,
  ReadConnection,
  StoredTimes,
  UnitOfWork,
  type Tx,
} from '@foreman/database';
import { SteadyClock, type RandomSource } from '@foreman/kernel';
import { JobLifecycle, JobSubmission, JobsModule } from '@foreman/jobs';
import { FakeClock, FixedRandom, eventually } from '@foreman/testing';
import { Deliveries } from '../deliveries/deliveries.service';
import type { DeliveryView } from '../deliveries/delivery-view';
import type { JobWebhookCommand } from '../endpoints/endpoint-command';
import { WebhookEndpoints, type CreatedEndpoint } from '../endpoints/webhook-endpoints.service';
import { WebhookSender } from '../sending/webhook-sender.service';
import { WebhooksModule } from '../webhooks.module';
import type { WebhooksOptions } from '../webhooks.options';
import { ShelfOfArtifacts } from './shelf-of-artifacts';

@Module({ providers: [ShelfOfArtifacts], exports: [ShelfOfArtifacts] })
class ShelfModule {}

export interface SubmittedJob {
  readonly jobId: string;
  readonly endpoint: CreatedEndpoint;
}

/** The lib with its real neighbours below on a database of its own, a clock that stands still, and no sender loop. */
export class WebhookLab {
  private constructor(
    readonly app: TestingModule,
    readonly clock: FakeClock,
    private readonly folder: string,
    readonly file: string,
  ) {}

  static async open(
    options: Partial<WebhooksOptions> = {},
    random: RandomSource = new FixedRandom(),
  ): Promise<WebhookLab> {
    const folder = await mkdtemp(join(tmpdir(), 'foreman-webhooks-'));
    const file = join(folder, 'foreman.db');
    // Verifiers compare with the real time, so the clock starts there.
    const clock = new FakeClock(Math.floor(performance.timeOrigin + performance.now()));
    const app = await Test.createTestingModule({
      imports: [
        DatabaseModule.forRoot({ file, clock, random }),
        JobsModule.forRoot(),
        { module: ShelfModule, global: true },
        WebhooksModule.forRoot({
          secretKey: Buffer.alloc(32, 1),
          artifactSource: ShelfOfArtifacts,
          allowedNetworks: ['127.0.0.0/8', '::1/128'],
          ...options,
        }),
      ],
    }).compile();
    app.useLogger(false);
    await app.init();
    return new WebhookLab(app, clock, folder, file);
  }

  get reads(): ReadConnection {
    return this.app.get(ReadConnection);
  }

  get endpoints(): WebhookEndpoints {
    return this.app.get(WebhookEndpoints);
  }

  get sender(): WebhookSender {
    return this.app.get(WebhookSender);
  }

  get shelf(): ShelfOfArtifacts {
    return this.app.get(ShelfOfArtifacts);
  }

  run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.app.get(UnitOfWork).run(work);
  }

  async submit(webhook: JobWebhookCommand, kind = 'command'): Promise<SubmittedJob> {
    return this.run(async (tx) => {
      const job = await this.app.get(JobSubmission).submitIn(tx, { kind });
      const endpoint = await this.endpoints.createForJob(tx, job.id, webhook);
      return { jobId: job.id, endpoint };
    });
  }

  /** A job without a webhook of its own. */
  async submitPlain(kind = 'command'): Promise<string> {
    return this.run(async (tx) => (await this.app.get(JobSubmission).submitIn(tx, { kind })).id);
  }

  async start(jobId: string): Promise<void> {
    await this.run((tx) => this.app.get(JobLifecycle).start(tx, jobId, this.clock.now()));
  }

  /** All its tasks are done: it completes. */
  async complete(jobId: string): Promise<void> {
    await this.finishTasks(jobId, `status = 'completed'`);
  }

  async fail(jobId: string, code = 'tool.broken'): Promise<void> {
    await this.finishTasks(jobId, `status = 'failed', error_code = '${code}', error_message = 'm'`);
  }

  async cancel(jobId: string): Promise<void> {
    await this.run((tx) => this.app.get(JobLifecycle).cancel(tx, jobId, this.clock.now()));
  }

  async retry(jobId: string): Promise<void> {
    await this.run((tx) => this.app.get(JobLifecycle).retry(tx, jobId, this.clock.now()));
  }

  /** The wall clock is set by so much, and followed as leasing does that. */
  async setWallClock(stepMs: number): Promise<void> {
    this.clock.jumpWall(stepMs);
    const steady = this.app.get(SteadyClock);
    const driftMs = steady.driftMs();
    await this.run((tx) => this.app.get(StoredTimes).moveAlong(tx, driftMs));
    steady.follow(driftMs);
  }

  async deliveries(jobId: string): Promise<DeliveryView[]> {
    const page = { limit: 100, cursor: null };
    return (await this.app.get(Deliveries).ofJob(this.reads, jobId, page)).items;
  }

  /** Settles when the sender has recorded that of the job's first delivery. */
  async recorded(jobId: string, expected: Partial<DeliveryView>): Promise<void> {
    await eventually(`a delivery ${JSON.stringify(expected)}`, async () => {
      const [delivery] = await this.deliveries(jobId);
      const entries = Object.entries(delivery ?? {});
      return Object.entries(expected).every(([key, value]) =>
        entries.some(([name, actual]) => name === key && actual === value),
      );
    });
  }

  async close(): Promise<void> {
    await this.app.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async finishTasks(jobId: string, set: string): Promise<void> {
    const now = this.clock.now();
    await this.run(async (tx) => {
      await tx.execute(
        `UPDATE tasks SET ${set}, finalized_at = ? WHERE job_id = ? AND status = 'queued'`,
        [now, jobId],
      );
      await this.app.get(JobLifecycle).settle(tx, jobId, now);
    });
  }
}
