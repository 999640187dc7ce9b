import { IdempotencyKeys, type Principal } from '@foreman/access';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Edges } from '@foreman/edges';
import { DomainError, invalidField, type FieldError } from '@foreman/kernel';
import {
  JobSubmission,
  checkJobCommand,
  getJob,
  laneOf,
  type JobCommand,
  type JobEntity,
  type NamedInput,
  type TaskCommand,
} from '@foreman/jobs';
import { WebhookEndpoints } from '@foreman/webhooks';
import { Injectable } from '@nestjs/common';
import type { IdempotencyHeader } from '../http/idempotency-key';
import { epochMs } from '../http/time-field';
import { unlessGone } from '../http/repeatable';
import type { NewWebhookDto } from './job.dto';
import type {
  NamedInputDto,
  SubmitJobDto,
  SubmitTaskDto,
  SubmitWebhookDto,
} from './submit-job.dto';

export interface Intake {
  readonly jobs: JobEntity[];
  /** Ids of the jobs that a repeat does not find any more: deleted, or pruned. */
  readonly gone: string[];
  /** By job id: the webhooks whose secrets were made now. */
  readonly newWebhooks: ReadonlyMap<string, NewWebhookDto>;
  /** Found again by the idempotency key. */
  readonly isRepeat: boolean;
}

/** Takes job requests in: all of them, their webhooks and their key in one transaction, or nothing. */
@Injectable()
export class JobIntake {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly idempotency: IdempotencyKeys,
    private readonly submission: JobSubmission,
    private readonly edges: Edges,
    private readonly webhooks: WebhookEndpoints,
  ) {}

  /** @throws `request.invalid` (also for too many tasks together), `webhook.target_refused`, `idempotency.conflict`. `pathOf` says where in the body a job stands. */
  async take(
    requests: readonly SubmitJobDto[],
    caller: Principal,
    header: IdempotencyHeader | null,
    pathOf: (index: number) => string,
  ): Promise<Intake> {
    checkTaskCount(requests);
    const commands = requests.map((request) => commandOf(request, caller));
    for (const [index, command] of commands.entries()) {
      await withPath(pathOf(index), () => checkJobCommand(command));
    }
    const use = header === null ? null : { ...header, credentialId: caller.credentialId };
    return this.unitOfWork.run(async (tx) => {
      const known = use === null ? null : await this.idempotency.remembered(tx, use);
      if (known !== null) return this.findAgain(tx, JSON.parse(known) as string[]);
      const resolved = await this.resolveAll(tx, requests, commands, pathOf);
      const jobs = await this.submission.submitAllIn(tx, resolved, (index, act) =>
        withPath(pathOf(index), act),
      );
      const newWebhooks = new Map<string, NewWebhookDto>();
      for (const [index, job] of jobs.entries()) {
        const webhook = requests[index]?.webhook ?? null;
        if (webhook === null) continue;
        const made = await withPath(pathOf(index), () => this.announceTo(tx, job.id, webhook));
        if (made !== null) newWebhooks.set(job.id, made);
      }
      if (use !== null) {
        await this.idempotency.remember(tx, use, JSON.stringify(jobs.map((job) => job.id)));
      }
      return { jobs, gone: [], newWebhooks, isRepeat: false };
    }, laneOf(commands));
  }

  /** Where the job's end is to be announced; answers the webhook if its secret was made now. */
  private async announceTo(
    tx: Tx,
    jobId: string,
    webhook: SubmitWebhookDto,
  ): Promise<NewWebhookDto | null> {
    const { url } = webhook;
    const given = webhook.secret ?? undefined;
    const events = webhook.events ?? undefined;
    const signedUrls = webhook.signedUrls ?? undefined;
    const command = { url, secret: given, events, signedUrls };
    const { secret } = await this.webhooks.createForJob(tx, jobId, command);
    return given === undefined ? { url, secret } : null;
  }

  private async findAgain(tx: Tx, jobIds: readonly string[]): Promise<Intake> {
    const jobs: JobEntity[] = [];
    const gone: string[] = [];
    for (const jobId of jobIds) {
      const job = await unlessGone(getJob(tx, jobId));
      if (job === null) gone.push(jobId);
      else jobs.push(job);
    }
    return { jobs, gone, newWebhooks: new Map(), isRepeat: true };
  }

  /** The edges that the requests name, looked up once each. */
  private async resolveAll(
    tx: Tx,
    requests: readonly SubmitJobDto[],
    commands: readonly JobCommand[],
    pathOf: (index: number) => string,
  ): Promise<JobCommand[]> {
    const known = new Map<string, string | null>();
    const resolve = async (idOrName: string | null | undefined, path: string) => {
      if (idOrName === undefined || idOrName === null) return undefined;
      const edgeId = known.get(idOrName) ?? (await this.edges.resolve(tx, idOrName));
      known.set(idOrName, edgeId);
      if (edgeId === null) throw invalidField(`${path}assignTo`, 'names no registered edge');
      return edgeId;
    };
    const resolved: JobCommand[] = [];
    for (const [index, command] of commands.entries()) {
      const path = pathOf(index);
      const request = requests[index];
      const assignedEdgeId = await resolve(request?.assignTo, path);
      const tasks: TaskCommand[] = [];
      for (const [place, task] of (command.tasks ?? []).entries()) {
        const named = request?.tasks?.[place]?.assignTo;
        const taskEdgeId = await resolve(named, `${path}tasks.${place}.`);
        tasks.push({ ...task, assignedEdgeId: taskEdgeId });
      }
      resolved.push({ ...command, assignedEdgeId, ...(command.tasks && { tasks }) });
    }
    return resolved;
  }
}

/** An optional field that is null is one that was left out. */
function commandOf(request: SubmitJobDto, caller: Principal): JobCommand {
  return {
    kind: request.kind,
    payload: request.payload ?? undefined,
    tasks: request.tasks?.map(taskOf),
    inputs: request.inputs?.map(namedInputOf),
    queue: request.queue ?? undefined,
    priority: request.priority ?? undefined,
    runAt: epochMs(request.runAt),
    startBySeconds: request.startBySeconds ?? undefined,
    requires: request.requires ?? undefined,
    maxAttempts: request.maxAttempts ?? undefined,
    leaseSeconds: request.leaseSeconds ?? undefined,
    timeoutSeconds: request.timeoutSeconds ?? undefined,
    stallSeconds: request.stallSeconds ?? undefined,
    onStall: request.onStall ?? undefined,
    ttlSeconds: request.ttlSeconds ?? undefined,
    metadata: request.metadata ?? undefined,
    onTaskFailure: request.onTaskFailure ?? undefined,
    createdBy: caller.credentialId,
  };
}

function taskOf(task: SubmitTaskDto): TaskCommand {
  return {
    payload: task.payload ?? undefined,
    requires: task.requires ?? undefined,
    inputs: task.inputs?.map(namedInputOf),
  };
}

function namedInputOf({ name, inputId }: NamedInputDto): NamedInput {
  return { name, inputId };
}

/** Tasks of all jobs of one request together: they are written in one transaction, while others wait. */
const MAX_TASKS_TOGETHER = 2000;
/** And their required labels: as many as one job of a thousand tasks may have. */
const MAX_LABELS_TOGETHER = 64_000;
/** And the inputs that they name, each of which is taken hold of. */
const MAX_INPUTS_TOGETHER = 5000;

function checkTaskCount(requests: readonly SubmitJobDto[]): void {
  const count = requests.reduce((sum, request) => sum + (request.tasks?.length ?? 1), 0);
  if (count > MAX_TASKS_TOGETHER) {
    throw invalidField('jobs', `may have at most ${MAX_TASKS_TOGETHER} tasks together`);
  }
  if (requests.reduce((sum, request) => sum + labelCount(request), 0) > MAX_LABELS_TOGETHER) {
    throw invalidField('jobs', `may require at most ${MAX_LABELS_TOGETHER} labels together`);
  }
  if (requests.reduce((sum, request) => sum + inputCount(request), 0) > MAX_INPUTS_TOGETHER) {
    throw invalidField('jobs', `may name at most ${MAX_INPUTS_TOGETHER} inputs together`);
  }
}

function labelCount({ requires, tasks }: SubmitJobDto): number {
  const ofJob = Object.keys(requires ?? {}).length;
  if (!tasks) return ofJob;
  return tasks.reduce((sum, task) => sum + ofJob + Object.keys(task.requires ?? {}).length, 0);
}

function inputCount({ inputs, tasks }: SubmitJobDto): number {
  const own = (tasks ?? []).reduce((sum, task) => sum + (task.inputs?.length ?? 0), 0);
  return (inputs?.length ?? 0) + own;
}

/** Puts a job's place in its batch before the fields that were found wrong in it. */
async function withPath<T>(prefix: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (prefix === '' || !(error instanceof DomainError)) throw error;
    const findings = (error.details.errors ?? []) as readonly FieldError[];
    throw new DomainError(error.code, `${prefix}${error.message}`, {
      ...error.details,
      errors: findings.map(({ path, message }) => ({ path: prefix + path, message })),
    });
  }
}
