import { IdempotencyKeys, type Principal } from '@foreman/access';
import { UnitOfWork, type Tx } from '@foreman/database';
import { Edges } from '@foreman/edges';
import { DomainError, invalidField, type FieldError } from '@foreman/kernel';
import {
  JobSubmission,
  checkJobCommand,
  getJob,
  type JobCommand,
  type JobEntity,
  type TaskCommand,
} from '@foreman/jobs';
import { WebhookEndpoints } from '@foreman/webhooks';
import { Injectable } from '@nestjs/common';
import type { IdempotencyHeader } from '../http/idempotency-key';
import type { NewWebhookDto } from './job.dto';
import type { SubmitJobDto } from './submit-job.dto';

export interface Intake {
  readonly jobs: JobEntity[];
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

  /** @throws `request.invalid`, `webhook.target_refused`, `idempotency.conflict`. `pathOf` says where in the body a job stands. */
  async take(
    requests: readonly SubmitJobDto[],
    caller: Principal,
    header: IdempotencyHeader | null,
    pathOf: (index: number) => string,
  ): Promise<Intake> {
    requests.forEach((request, index) =>
      withPath(pathOf(index), () => checkJobCommand(commandOf(request, caller))),
    );
    const use = header === null ? null : { ...header, credentialId: caller.credentialId };
    return this.unitOfWork.run(async (tx) => {
      const known = use === null ? null : await this.idempotency.remembered(tx, use);
      if (known !== null) return this.findAgain(tx, JSON.parse(known) as string[]);
      const jobs: JobEntity[] = [];
      const newWebhooks = new Map<string, NewWebhookDto>();
      for (const [index, request] of requests.entries()) {
        const job = await this.submit(tx, request, caller, pathOf(index));
        jobs.push(job);
        if (request.webhook === undefined) continue;
        const { url, secret, events } = request.webhook;
        const made = await this.webhooks.createForJob(tx, job.id, { url, secret, events });
        if (secret === undefined) newWebhooks.set(job.id, { url, secret: made.secret });
      }
      if (use !== null) {
        await this.idempotency.remember(tx, use, JSON.stringify(jobs.map((job) => job.id)));
      }
      return { jobs, newWebhooks, isRepeat: false };
    });
  }

  private async findAgain(tx: Tx, jobIds: readonly string[]): Promise<Intake> {
    const jobs: JobEntity[] = [];
    for (const jobId of jobIds) jobs.push(await getJob(tx, jobId));
    return { jobs, newWebhooks: new Map(), isRepeat: true };
  }

  private async submit(
    tx: Tx,
    request: SubmitJobDto,
    caller: Principal,
    path: string,
  ): Promise<JobEntity> {
    const command = commandOf(request, caller);
    const assignedEdgeId = await this.resolve(tx, request.assignTo, `${path}assignTo`);
    const tasks: TaskCommand[] = [];
    for (const [index, task] of (request.tasks ?? []).entries()) {
      const at = `${path}tasks.${index}.assignTo`;
      const taskEdgeId = await this.resolve(tx, task.assignTo, at);
      tasks.push({
        payload: task.payload,
        requires: task.requires,
        assignedEdgeId: taskEdgeId,
      });
    }
    return this.submission.submitIn(tx, {
      ...command,
      assignedEdgeId,
      tasks: request.tasks === undefined ? undefined : tasks,
    });
  }

  private async resolve(
    tx: Tx,
    idOrName: string | undefined,
    path: string,
  ): Promise<string | undefined> {
    if (idOrName === undefined) return undefined;
    const edgeId = await this.edges.resolve(tx, idOrName);
    if (edgeId === null) throw invalidField(path, 'names no registered edge');
    return edgeId;
  }
}

function commandOf(request: SubmitJobDto, caller: Principal): JobCommand {
  return {
    kind: request.kind,
    payload: request.payload,
    tasks: request.tasks?.map((task) => ({ payload: task.payload, requires: task.requires })),
    queue: request.queue,
    priority: request.priority,
    runAt: request.runAt === undefined ? undefined : Date.parse(request.runAt),
    startBySeconds: request.startBySeconds,
    requires: request.requires,
    maxAttempts: request.maxAttempts,
    leaseSeconds: request.leaseSeconds,
    timeoutSeconds: request.timeoutSeconds,
    ttlSeconds: request.ttlSeconds,
    metadata: request.metadata,
    onTaskFailure: request.onTaskFailure,
    createdBy: caller.credentialId,
  };
}

/** Puts a job's place in its batch before the fields that were found wrong in it. */
function withPath(prefix: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (prefix === '' || !(error instanceof DomainError)) throw error;
    const findings = (error.details.errors ?? []) as readonly FieldError[];
    throw new DomainError(error.code, `${prefix}${error.message}`, {
      errors: findings.map(({ path, message }) => ({ path: prefix + path, message })),
    });
  }
}
