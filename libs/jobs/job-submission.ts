import { Inject, Injectable } from '@nestjs/common';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Clock, IdSource, invalidField } from '@foreman/kernel';
import { claimGroupOf, openClaimGroups } from './claim-groups';
import type { InputHolder, JobInputs } from './input-holder';
import type { JobCommand, TaskCommand } from './job-command';
import { checkJobCommand } from './job-command.check';
import { JobEntity } from './job.entity';
import { JobEvents } from './job-events';
import { JOBS_OPTIONS, type ResolvedJobsOptions } from './jobs.options';
import { TaskAvailability, type AvailableTask } from './task-availability';
import { TaskDeadlines } from './task-deadlines';

const ONE_TASK: readonly TaskCommand[] = [{}];

/** Takes jobs in. */
@Injectable()
export class JobSubmission {
  private holdInputs: InputHolder = async () => {
    throw invalidField('inputs', 'cannot be named: nothing keeps inputs here');
  };

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly events: JobEvents,
    private readonly availability: TaskAvailability,
    private readonly deadlines: TaskDeadlines,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedJobsOptions,
  ) {}

  /** Lets a lib above, which keeps inputs, take hold of those that a job names. */
  holdInputsBy(holder: InputHolder): void {
    this.holdInputs = holder;
  }

  /** Submits one job in a transaction of its own; durable when it resolves. @throws `request.invalid`. */
  async submit(command: JobCommand): Promise<JobEntity> {
    checkJobCommand(command);
    return this.unitOfWork.run((tx) => this.submitIn(tx, command));
  }

  /**
   * Submits inside the caller's transaction: job, tasks and `job.created`. Parked polls are woken
   * when it commits. The caller has checked the command with `checkJobCommand`.
   */
  async submitIn(tx: Tx, command: JobCommand): Promise<JobEntity> {
    const now = this.clock.now();
    const job = await this.insertJob(tx, command, now);
    if (command.payload !== undefined) {
      await tx.insert('job_payloads', { job_id: job.id, body: JSON.stringify(command.payload) });
    }
    await tx.execute(
      `INSERT INTO queues (name, weight, is_paused, created_at) VALUES (?, 1, 0, ?) ON CONFLICT (name) DO NOTHING`,
      [job.queue, now],
    );
    const available: AvailableTask[] = [];
    const taskInputs: JobInputs['tasks'][number][] = [];
    for (const [taskIndex, task] of (command.tasks ?? ONE_TASK).entries()) {
      const taskId = this.ids.uuid();
      available.push(await this.insertTask(tx, job, command, task, { taskId, taskIndex }));
      const { inputs = [] } = task;
      if (inputs.length > 0) taskInputs.push({ taskId, taskIndex, inputs });
    }
    const { inputs = [] } = command;
    if (inputs.length > 0 || taskInputs.length > 0) {
      await this.holdInputs(tx, { jobId: job.id, inputs, tasks: taskInputs }, now);
    }
    await openClaimGroups(
      tx,
      available.filter(({ availableAt }) => availableAt <= now),
    );
    await this.events.recordOfJob(tx, 'job.created', job, now);
    tx.afterCommit(() => this.availability.announce(available));
    return job;
  }

  private async insertJob(tx: Tx, command: JobCommand, now: number): Promise<JobEntity> {
    const [job] = await tx.entities(
      JobEntity,
      `INSERT INTO jobs (id, kind, queue, status, priority, metadata, on_task_failure, max_attempts,
         lease_seconds, timeout_seconds, stall_seconds, on_stall, ttl_seconds, task_count, run, event_seq,
         created_by, created_at)
       VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, ?, ?) RETURNING *`,
      [
        this.ids.uuid(),
        command.kind,
        command.queue ?? 'default',
        command.priority ?? 0,
        JSON.stringify(command.metadata ?? {}),
        command.onTaskFailure ?? 'fail',
        command.maxAttempts ?? 3,
        command.leaseSeconds ?? this.options.leaseSeconds,
        command.timeoutSeconds ?? null,
        command.stallSeconds ?? null,
        command.onStall ?? 'mark',
        command.ttlSeconds ?? this.options.ttlSeconds,
        (command.tasks ?? ONE_TASK).length,
        command.createdBy ?? null,
        now,
      ],
    );
    if (job === undefined) throw new Error('INSERT ... RETURNING answered no row');
    return job;
  }

  private async insertTask(
    tx: Tx,
    job: JobEntity,
    command: JobCommand,
    task: TaskCommand,
    { taskId, taskIndex }: { readonly taskId: string; readonly taskIndex: number },
  ): Promise<AvailableTask> {
    const availableAt = Math.max(job.createdAt, command.runAt ?? 0);
    const startByAt =
      command.startBySeconds === undefined ? null : availableAt + command.startBySeconds * 1000;
    if (startByAt !== null) tx.afterCommit(() => this.deadlines.note(startByAt));
    const requires = requirementsOf(command, task);
    const assignedEdgeId = task.assignedEdgeId ?? command.assignedEdgeId ?? null;
    await tx.insert('tasks', {
      id: taskId,
      job_id: job.id,
      task_index: taskIndex,
      kind: job.kind,
      queue: job.queue,
      priority: job.priority,
      status: 'queued',
      assigned_edge_id: assignedEdgeId,
      requires: requires === null ? null : JSON.stringify(requires),
      claim_group: claimGroupOf({ kind: job.kind, queue: job.queue, requires }),
      has_inputs: (command.inputs?.length ?? 0) + (task.inputs?.length ?? 0) > 0 ? 1 : 0,
      available_at: availableAt,
      is_due: availableAt <= job.createdAt ? 1 : 0,
      start_by_at: startByAt,
      max_attempts: job.maxAttempts,
      lease_seconds: job.leaseSeconds,
      timeout_seconds: job.timeoutSeconds,
      stall_seconds: job.stallSeconds,
      fails_on_stall: job.onStall === 'fail' ? 1 : 0,
      attempt: 0,
      burnt_attempts: 0,
      returned_expiries: 0,
      created_at: job.createdAt,
    });
    if (task.payload !== undefined) {
      await tx.insert('task_payloads', { task_id: taskId, body: JSON.stringify(task.payload) });
    }
    return { kind: job.kind, queue: job.queue, assignedEdgeId, requires, availableAt };
  }
}

/** A task's own requirements come on top of its job's; the task's word counts where both name a label. */
function requirementsOf(command: JobCommand, task: TaskCommand): Record<string, string> | null {
  const all = { ...command.requires, ...task.requires };
  return Object.keys(all).length === 0 ? null : all;
}
