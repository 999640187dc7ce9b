import * as fc from 'fast-check';
import type { Tx } from '@foreman/database';
import { JobLifecycle, LeaseFence, type JobEntity } from '@foreman/jobs';
import { DomainError } from '@foreman/kernel';
import type { TestLease } from '@foreman/testing';
import { ArtifactPublication, type Publication } from '../artifact-publication';
import { ArtifactRemoval } from '../artifact-removal';
import { BlobSweep } from '../blob-sweep';
import type { ArtifactLab } from './artifact-lab';

export const TASKS = 2;
export const NAMES = ['a', 'b', 'c', 'completion'];

const LEASE_STEPS = ['lease', 'relapse', 'complete', 'keep', 'discard'] as const;
const JOB_STEPS = ['retry', 'retry', 'sweep', 'sweep', 'undone', 'undone', 'prune'] as const;

/** What may happen to the artifacts of a job of several tasks. */
export type LifeStep =
  | { do: 'put' | 'declare'; task: number; name: string; size: number }
  | { do: (typeof LEASE_STEPS)[number]; task: number }
  | { do: (typeof JOB_STEPS)[number] };

const ofTask = fc.nat({ max: TASKS - 1 });
const named = { task: ofTask, name: fc.constantFrom(...NAMES), size: fc.nat({ max: 300 }) };

export const lifeStep: fc.Arbitrary<LifeStep> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), ...named }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('declare' as const), ...named }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom(...LEASE_STEPS), task: ofTask }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom(...JOB_STEPS) }) },
);

/** One job, to which steps happen; what cannot be done at a moment is not done. */
export class RandomLife {
  private constructor(
    private readonly lab: ArtifactLab,
    private readonly job: JobEntity,
    readonly leases: TestLease[],
  ) {}

  static async begin(lab: ArtifactLab): Promise<RandomLife> {
    const { job, leases } = await lab.leaseAll(TASKS);
    return new RandomLife(lab, job, leases);
  }

  async live(step: LifeStep): Promise<void> {
    try {
      await this.take(step);
    } catch (error) {
      const isRefusal = error instanceof DomainError && /^(lease|job|artifact)\./.test(error.code);
      if (!isRefusal) throw error;
    }
  }

  private async take(step: LifeStep): Promise<void> {
    const { lab, job } = this;
    if (step.do === 'put') {
      await lab.put(this.lease(step.task), step.name, 'x'.repeat(step.size));
    } else if (step.do === 'declare') {
      const inline = 'y'.repeat(step.size);
      const declared = [{ name: step.name, contentType: 'text/plain', inline }];
      await lab.complete(this.lease(step.task), declared, job);
    } else if ('task' in step) {
      await this.takeOfLease(step.do, step.task);
    } else {
      await this.takeOfJob(step.do);
    }
  }

  private async takeOfLease(what: (typeof LEASE_STEPS)[number], task: number): Promise<void> {
    const { lab, job } = this;
    const publication = lab.engine.get(ArtifactPublication);
    if (what === 'complete') await lab.complete(this.lease(task), [], job);
    if (what === 'lease') {
      await this.leaseAgain(task);
      await this.held(task, (tx, { task: { id }, now }) => publication.discardStaged(tx, id, now));
    }
    // What the last lease staged stays where it is.
    if (what === 'relapse') await this.leaseAgain(task);
    if (what === 'discard') {
      await this.held(task, (tx, { task: { id }, now }) => publication.discardStaged(tx, id, now));
    }
    if (what === 'keep') {
      await this.held(task, async (tx, place) => {
        await publication.publishStaged(tx, place);
        await lab.engine.get(JobLifecycle).cancel(tx, job.id, place.now);
      });
    }
  }

  private async takeOfJob(what: (typeof JOB_STEPS)[number]): Promise<void> {
    const { job } = this;
    const { engine } = this.lab;
    const now = engine.clock.now();
    const prune = (tx: Tx) => engine.get(ArtifactRemoval).removeBatch(tx, [job.id], 2, now);
    if (what === 'retry') {
      await engine.unitOfWork.run((tx) => engine.get(JobLifecycle).cancel(tx, job.id, now));
      await engine.unitOfWork.run((tx) => engine.get(JobLifecycle).retry(tx, job.id, now));
      for (let task = 0; task < TASKS; task += 1) await this.takeOfLease('lease', task);
    }
    if (what === 'sweep') await engine.get(BlobSweep).runOnce();
    if (what === 'prune') await engine.unitOfWork.run(prune);
    if (what === 'undone') {
      const undone = new DomainError('job.not_found', 'rolled back');
      await engine.unitOfWork.run(async (tx) => {
        await prune(tx);
        throw undone;
      });
    }
  }

  private lease(task: number): TestLease {
    const lease = this.leases[task];
    if (lease === undefined) throw new Error(`The job has no task ${task}`);
    return lease;
  }

  /** Only a task that is not over is leased again. */
  private async leaseAgain(task: number): Promise<void> {
    const { engine } = this.lab;
    const open = await engine.reads.query(
      `SELECT 1 FROM tasks WHERE id = ? AND status IN ('queued', 'leased')`,
      [this.lease(task).taskId],
    );
    if (open.length > 0) this.leases[task] = await engine.lease(this.job.id, task);
  }

  private held(
    task: number,
    work: (tx: Tx, place: Omit<Publication, 'declared'>) => Promise<void>,
  ): Promise<void> {
    const { engine } = this.lab;
    const lease = this.lease(task);
    return engine.unitOfWork.run(async (tx) => {
      const now = engine.clock.now();
      const heldTask = await engine.get(LeaseFence).hold(tx, { ...lease, now });
      await work(tx, { task: heldTask, isOnlyTask: false, leaseToken: lease.leaseToken, now });
    });
  }
}
