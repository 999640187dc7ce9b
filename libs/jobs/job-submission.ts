import { Inject, Injectable } from '@nestjs/common';
import { UnitOfWork, type InsertedRow, type Lane, type Tx } from '@foreman/database';
import { Clock, IdSource, invalidField } from '@foreman/kernel';
import { claimGroupOf, openClaimGroups } from './claim-groups';
import type { InputHolder, JobInputs } from './input-holder';
import type { JobCommand, TaskCommand } from './job-command';
import { checkJobCommand } from './job-command.check';
import type { JobEntity } from './job.entity';
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
    return this.unitOfWork.run((tx) => this.submitIn(tx, command), laneOf([command]));
  }

  /** Submits one job inside the caller's transaction, as `submitAllIn` does. */
  async submitIn(tx: Tx, command: JobCommand): Promise<JobEntity> {
    const [job] = await this.submitAllIn(tx, [command]);
    if (job === undefined) throw new Error('A command makes a job');
    return job;
  }

  /**
   * Submits inside the caller's transaction: jobs, tasks and an event `job.created` each. Parked polls are
   * woken when it commits. The caller has checked the commands with `checkJobCommand`, and has chosen the
   * lane by `laneOf`.
   * @param placed is around whatever may refuse a single one of them
   */
  async submitAllIn(
    tx: Tx,
    commands: readonly JobCommand[],
    placed: (index: number, act: () => Promise<void>) => Promise<void> = (_, act) => act(),
  ): Promise<JobEntity[]> {
    const now = this.clock.now();
    const made = commands.map((command) => this.newJob(command, now));
    const jobs = made.map(({ job }) => job);
    await tx.insertAll('jobs', jobs.map(jobRow));
    const withPayload = made.filter(({ command }) => command.payload !== undefined);
    await tx.insertAll(
      'job_payloads',
      withPayload.map(({ job, command }) => payloadRow('job_id', job.id, command)),
    );
    for (const queue of new Set(jobs.map((job) => job.queue))) {
      await tx.execute(INSERT_QUEUE, [queue, now]);
    }
    const tasks = made.flatMap((one) => one.tasks);
    await tx.insertAll(
      'tasks',
      made.flatMap((one) => one.tasks.map((task) => taskRow(one, task))),
    );
    await tx.insertAll(
      'task_payloads',
      tasks
        .filter(({ command }) => command.payload !== undefined)
        .map(({ id, command }) => payloadRow('task_id', id, command)),
    );
    for (const [index, one] of made.entries()) {
      const named = namedInputs(one);
      if (named !== null) await placed(index, () => this.holdInputs(tx, named, now));
    }
    await openClaimGroups(
      tx,
      tasks.filter(({ availableAt }) => availableAt <= now),
    );
    await this.events.recordOfJobs(tx, 'job.created', jobs, now);
    tx.afterCommit(() => {
      this.availability.announce(tasks);
      for (const { startByAt } of made) if (startByAt !== null) this.deadlines.note(startByAt);
    });
    return jobs;
  }

  private newJob(command: JobCommand, now: number): NewJob {
    const taskCommands = command.tasks ?? ONE_TASK;
    const job: JobEntity = {
      id: this.ids.uuid(),
      kind: command.kind,
      queue: command.queue ?? 'default',
      status: 'queued',
      priority: command.priority ?? 0,
      metadata: { ...command.metadata },
      onTaskFailure: command.onTaskFailure ?? 'fail',
      maxAttempts: command.maxAttempts ?? 3,
      leaseSeconds: command.leaseSeconds ?? this.options.leaseSeconds,
      timeoutSeconds: command.timeoutSeconds ?? null,
      stallSeconds: command.stallSeconds ?? null,
      onStall: command.onStall ?? 'mark',
      ttlSeconds: command.ttlSeconds ?? this.options.ttlSeconds,
      taskCount: taskCommands.length,
      run: 1,
      eventSeq: 1,
      summary: null,
      errorCode: null,
      errorMessage: null,
      createdBy: command.createdBy ?? null,
      createdAt: now,
      startedAt: null,
      finalizedAt: null,
      expiresAt: null,
      isPinned: false,
      hiddenAt: null,
    };
    const availableAt = Math.max(now, command.runAt ?? 0);
    const { startBySeconds } = command;
    const tasks = taskCommands.map((task, index) => ({
      id: this.ids.uuid(),
      index,
      command: task,
      kind: job.kind,
      queue: job.queue,
      assignedEdgeId: task.assignedEdgeId ?? command.assignedEdgeId ?? null,
      requires: requirementsOf(command, task),
      availableAt,
    }));
    const startByAt = startBySeconds === undefined ? null : availableAt + startBySeconds * 1000;
    return { command, job, tasks, startByAt };
  }
}

/** Tasks that one unit of the control lane may submit: a thousand of them are tens of milliseconds for everybody. */
const CONTROL_TASKS = 16;

/** The lane in which these jobs are to be submitted. */
export function laneOf(commands: readonly JobCommand[]): Lane {
  const tasks = commands.reduce((sum, { tasks: own }) => sum + (own?.length ?? 1), 0);
  return tasks <= CONTROL_TASKS ? 'control' : 'bulk';
}

interface NewJob {
  readonly command: JobCommand;
  readonly job: JobEntity;
  readonly tasks: readonly NewTask[];
  /** Epoch ms. */
  readonly startByAt: number | null;
}

interface NewTask extends AvailableTask {
  readonly id: string;
  readonly index: number;
  readonly command: TaskCommand;
}

const INSERT_QUEUE = `
  INSERT INTO queues (name, weight, is_paused, created_at) VALUES (?, 1, 0, ?)
  ON CONFLICT (name) DO NOTHING`;

function jobRow(job: JobEntity): InsertedRow {
  return {
    id: job.id,
    kind: job.kind,
    queue: job.queue,
    status: job.status,
    priority: job.priority,
    metadata: JSON.stringify(job.metadata),
    on_task_failure: job.onTaskFailure,
    max_attempts: job.maxAttempts,
    lease_seconds: job.leaseSeconds,
    timeout_seconds: job.timeoutSeconds,
    stall_seconds: job.stallSeconds,
    on_stall: job.onStall,
    ttl_seconds: job.ttlSeconds,
    task_count: job.taskCount,
    run: job.run,
    event_seq: job.eventSeq,
    created_by: job.createdBy,
    created_at: job.createdAt,
  };
}

function taskRow({ job, command, startByAt }: NewJob, task: NewTask): InsertedRow {
  const { requires } = task;
  return {
    id: task.id,
    job_id: job.id,
    task_index: task.index,
    kind: job.kind,
    queue: job.queue,
    priority: job.priority,
    status: 'queued',
    assigned_edge_id: task.assignedEdgeId,
    requires: requires === null ? null : JSON.stringify(requires),
    claim_group: claimGroupOf(task),
    has_inputs: (command.inputs?.length ?? 0) + (task.command.inputs?.length ?? 0) > 0 ? 1 : 0,
    available_at: task.availableAt,
    is_due: task.availableAt <= job.createdAt ? 1 : 0,
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
  };
}

function payloadRow(column: string, id: string, { payload }: Pick<TaskCommand, 'payload'>) {
  return { [column]: id, body: JSON.stringify(payload) };
}

/** Null when the job names no input. */
function namedInputs({ command, job, tasks }: NewJob): JobInputs | null {
  const { inputs = [] } = command;
  const ofTasks = tasks.flatMap(({ id, index, command: { inputs: own = [] } }) =>
    own.length === 0 ? [] : [{ taskId: id, taskIndex: index, inputs: own }],
  );
  if (inputs.length === 0 && ofTasks.length === 0) return null;
  return { jobId: job.id, inputs, tasks: ofTasks };
}

/** A task's own requirements come on top of its job's; the task's word counts where both name a label. */
function requirementsOf(command: JobCommand, task: TaskCommand): Record<string, string> | null {
  const all = { ...command.requires, ...task.requires };
  return Object.keys(all).length === 0 ? null : all;
}
