import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamicModule, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Database, DatabaseModule, ReadConnection, UnitOfWork } from '@foreman/database';
import { JobSubmission, JobsModule, type JobCommand, type JobEntity } from '@foreman/jobs';
import { FakeClock } from './fake-clock';
import { FixedRandom } from './fixed-random';
import { SequenceIds } from './sequence-ids';

/** The lease that a spec works under. */
export interface TestLease {
  readonly jobId: string;
  readonly taskId: string;
  readonly edgeId: string;
  readonly leaseToken: string;
}

/** Lib modules over a migrated database in a folder of their own, with the clock in the spec's hand and no jitter. */
export interface TestEngine {
  readonly clock: FakeClock;
  readonly ids: SequenceIds;
  readonly file: string;
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly reads: ReadConnection;
  get<T>(service: Type<T> | (abstract new (...args: never[]) => T)): T;
  submit(command?: Partial<JobCommand>): Promise<JobEntity>;
  /** Leases a task by SQL: for libs that stand below leasing. An earlier lease of it is over then. */
  lease(jobId: string, taskIndex?: number): Promise<TestLease>;
  /**
   * The same database, clock and ids in a new application, as after a restart; this one is closed. Killed: the new one
   * opens a copy of the files as they lay there, with the log that was not yet copied into the database.
   */
  reopen(how?: { readonly isKilled: boolean }): Promise<TestEngine>;
  close(): Promise<void>;
}

export async function openTestEngine(...modules: DynamicModule[]): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'foreman-'));
  return openIn({ folder, clock: new FakeClock(), ids: new SequenceIds() }, modules);
}

interface EngineGround {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly ids: SequenceIds;
}

async function openIn(ground: EngineGround, modules: DynamicModule[]): Promise<TestEngine> {
  const { folder, clock, ids } = ground;
  const file = join(folder, 'foreman.db');
  const database = DatabaseModule.forRoot({ file, clock, ids, random: new FixedRandom() });
  const app = await Test.createTestingModule({
    imports: [database, JobsModule.forRoot(), ...modules],
  }).compile();
  await app.init();
  const unitOfWork = app.get(UnitOfWork);
  return {
    clock,
    ids,
    file,
    database: app.get(Database),
    unitOfWork,
    reads: app.get(ReadConnection),
    get: (service) => app.get(service),
    submit: (command = {}) => app.get(JobSubmission).submit({ kind: 'test', ...command }),
    lease: (jobId, taskIndex = 0) => leaseBySql(unitOfWork, ids, clock.now(), jobId, taskIndex),
    reopen: async ({ isKilled } = { isKilled: false }) => {
      const folderOfNext = isKilled ? await copyOf(folder) : folder;
      await app.close();
      if (isKilled) await rm(folder, { recursive: true, force: true });
      return openIn({ ...ground, folder: folderOfNext }, modules);
    },
    close: async () => {
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function copyOf(folder: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'foreman-'));
  await cp(folder, copy, { recursive: true });
  return copy;
}

async function leaseBySql(
  unitOfWork: UnitOfWork,
  ids: SequenceIds,
  now: number,
  jobId: string,
  taskIndex: number,
): Promise<TestLease> {
  const edgeId = ids.uuid();
  const leaseToken = ids.uuid();
  return unitOfWork.run(async (tx) => {
    const [task] = await tx.query<{ id: string; attempt: number }>(
      `UPDATE tasks SET status = 'leased', lease_token = ?, lease_edge_id = ?, leased_at = ?,
         lease_expires_at = ? + lease_seconds * 1000, attempt = attempt + 1
       WHERE job_id = ? AND task_index = ? RETURNING id, attempt`,
      [leaseToken, edgeId, now, now, jobId, taskIndex],
    );
    if (task === undefined) throw new Error(`Job ${jobId} has no task ${taskIndex}`);
    await tx.insert('attempts', {
      task_id: task.id,
      number: task.attempt,
      edge_id: edgeId,
      lease_token: leaseToken,
      leased_at: now,
    });
    return { jobId, taskId: task.id, edgeId, leaseToken };
  });
}
