import { ArtifactUploads } from '@foreman/artifacts';
import { Database } from '@foreman/database';
import type { EdgePrincipal } from '@foreman/edges';
import { JobSubmission, type JobCommand } from '@foreman/jobs';
import { Completion, Leasing, type LeasedTask } from '@foreman/leasing';
import { Heartbeats } from '@foreman/progress';
import { NestFactory } from '@nestjs/core';
import { EngineModule } from './engine.module';

const JOB = {
  kind: 'bench',
  payload: { symbol: 'SPX', interval: '1d', searchStrategy: 'grid', depth: 3 },
  metadata: { team: 'research' },
};
const BEAT = { processed: 50, total: 100, status: 'half way' };
const SUMMARY = { bestConfigIds: [], processedCount: 100, totalCount: 100 };
const ONE_NOW = { max: 1, waitSeconds: 0, isResuming: false, idempotency: null };

/** The engine as a service has it that imports the libs: method calls, a real file. */
export interface Engine {
  readonly database: Database;
  readonly uploads: ArtifactUploads;
  readonly heartbeats: Heartbeats;
  submit(changes?: Partial<JobCommand>): Promise<void>;
  lease(edge: EdgePrincipal): Promise<LeasedTask>;
  /** One task through its life: leased, a heartbeat with progress, completed. */
  workOnce(edge: EdgePrincipal): Promise<void>;
  close(): Promise<void>;
}

export async function openEngine(file: string): Promise<Engine> {
  const app = await NestFactory.createApplicationContext(EngineModule.on(file), {
    logger: ['error', 'fatal'],
    abortOnError: false,
  });
  const submission = app.get(JobSubmission);
  const leasing = app.get(Leasing);
  const heartbeats = app.get(Heartbeats);
  const completion = app.get(Completion);
  const lease = async (edge: EdgePrincipal) => {
    const [leased] = (await leasing.lease(edge, ONE_NOW)).items;
    if (leased === undefined) throw new Error('There was no task to lease');
    return leased;
  };
  return {
    database: app.get(Database),
    uploads: app.get(ArtifactUploads),
    heartbeats,
    lease,
    submit: async (changes = {}) => {
      await submission.submit({ ...JOB, ...changes });
    },
    workOnce: async (edge) => {
      const { task, leaseToken } = await lease(edge);
      const held = { taskId: task.id, leaseToken };
      await heartbeats.beat(edge.edgeId, { ...held, ...BEAT });
      await completion.complete(edge, { ...held, ...SUMMARY, wantsNext: false });
    },
    close: () => app.close(),
  };
}
