import { buffer } from 'node:stream/consumers';
import { LeaseFence, TaskLifecycle, type JobEntity } from '@foreman/jobs';
import { openTestEngine, type TestEngine, type TestLease } from '@foreman/testing';
import type { ArtifactObject } from '../artifact-object';
import { ArtifactObjects } from '../artifact-objects';
import { ArtifactPublication } from '../artifact-publication';
import { ArtifactReads } from '../artifact-reads';
import { ArtifactUploads } from '../artifact-uploads';
import { ArtifactsModule } from '../artifacts.module';
import type { DeclaredArtifact } from '../declared-artifact';

/** The inline limit of the lab, in bytes. */
export const LIMIT = 400;
/** The largest artifact of the lab, in bytes. */
export const MAX_BYTES = 5000;
export const SUMMARY = { bestConfigIds: ['a'], processedCount: 2, totalCount: 2 };

/** Artifacts with small limits over the real engine. */
export class ArtifactLab {
  private constructor(readonly engine: TestEngine) {}

  static async open(): Promise<ArtifactLab> {
    const engine = await openTestEngine(
      ArtifactsModule.forRoot({
        publicUrl: () => 'http://foreman.test/',
        inlineLimitBytes: LIMIT,
        maxBytes: MAX_BYTES,
      }),
    );
    return new ArtifactLab(engine);
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  put(lease: TestLease, name: string, bytes: Buffer | string, contentType = 'text/plain') {
    const body = (async function* () {
      yield Buffer.from(bytes);
    })();
    return this.engine.get(ArtifactUploads).put({ ...lease, name, contentType, body });
  }

  complete(lease: TestLease, declared: DeclaredArtifact[] = [], job?: JobEntity): Promise<void> {
    return this.engine.unitOfWork.run(async (tx) => {
      const now = this.engine.clock.now();
      const task = await this.engine.get(LeaseFence).hold(tx, { ...lease, now });
      const isOnlyTask = (job?.taskCount ?? 1) === 1;
      const publication = { task, isOnlyTask, declared, leaseToken: lease.leaseToken, now };
      await this.engine.get(ArtifactPublication).publish(tx, publication, SUMMARY);
      await this.engine.get(TaskLifecycle).complete(tx, task, SUMMARY, now);
    });
  }

  async shown(jobId: string, budget: number | null = null): Promise<ArtifactObject[]> {
    const objects = this.engine.get(ArtifactObjects);
    return objects.of(jobId, await objects.list(this.engine.reads, jobId), budget);
  }

  async bytesOf(jobId: string, name: string): Promise<Buffer> {
    const reads = this.engine.get(ArtifactReads);
    return buffer(reads.open(await reads.get(this.engine.reads, jobId, name)));
  }

  /** A job of one task, leased. */
  async lease(): Promise<TestLease> {
    return this.engine.lease((await this.engine.submit()).id);
  }

  /** A job of several tasks, each leased. */
  async leaseAll(taskCount: number): Promise<{ job: JobEntity; leases: TestLease[] }> {
    const job = await this.engine.submit({ tasks: Array.from({ length: taskCount }, () => ({})) });
    const leases: TestLease[] = [];
    for (let index = 0; index < taskCount; index += 1) {
      leases.push(await this.engine.lease(job.id, index));
    }
    return { job, leases };
  }
}
