import type { Principal } from '@foreman/access';
import { ReadConnection, UnitOfWork } from '@foreman/database';
import { Edges } from '@foreman/edges';
import { Clock, type ErrorCode, type Page } from '@foreman/kernel';
import {
  JobLifecycle,
  JobQueries,
  getJob,
  jobCursor,
  listJobs,
  type JobFilter,
} from '@foreman/jobs';
import { JobExplain } from '@foreman/leasing';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Post,
  Query,
  Res,
  type Type,
} from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiIdempotencyKey } from '../http/api-idempotency-key';
import { RequireScopes } from '../http/api-key.guard';
import { ApiPage, pageAnswer } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { epochMs } from '../http/time-field';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { Idempotency, type IdempotencyHeader } from '../http/idempotency-key';
import { OpaqueBodyPipe } from '../http/opaque-body.pipe';
import { PageQueryDto, pageRequestOf } from '../http/page.dto';
import { Caller } from '../http/principals';
import { NeedsStorage } from '../http/needs-storage';
import { ApiRepeat, type GoneDto } from '../http/repeatable';
import { strictValidation } from '../http/validation';
import { ExplanationDto, JobBatchDto, JobDto } from './job.dto';
import { PAGE_ARTIFACTS } from './answer-budget';
import { JobIntake, type Intake } from './job-intake';
import { JobPresenter } from './job-presenter';
import { ListJobsQueryDto, SubmitBatchDto, SubmitJobDto } from './submit-job.dto';
import { TaskDto, taskDto } from './task.dto';

/** Payloads are free objects here; those of known kinds are checked by @foreman/jobs. */
function jobBody<T extends object>(metatype: Type<T>): OpaqueBodyPipe<T> {
  return new OpaqueBodyPipe({
    metatype,
    validation: strictValidation(),
    opaque: 'payload',
    lists: ['jobs', 'tasks'],
  });
}

/** How a submission, of one job or of many, can be refused. */
const SUBMISSION_PROBLEMS = [
  'request.invalid',
  'request.too_large',
  'request.unsupported_type',
  'idempotency.conflict',
  'webhook.target_refused',
  'server.storage_full',
] as const satisfies readonly ErrorCode[];

@ApiTags('jobs')
@Controller('jobs')
@ServiceFace('jobs:read')
export class JobsController {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly intake: JobIntake,
    private readonly presenter: JobPresenter,
    private readonly queries: JobQueries,
    private readonly lifecycle: JobLifecycle,
    private readonly explanations: JobExplain,
    private readonly edges: Edges,
  ) {}

  @Post()
  @NeedsStorage()
  @RequireScopes('jobs:write')
  @ApiOperation({
    operationId: 'submitJob',
    summary: 'Submit a job',
    description:
      'Durable when answered. With an `Idempotency-Key` the call may be repeated: the repeat answers the same job with 200, or, once it was deleted or pruned, its id in `gone`.',
  })
  @ApiIdempotencyKey()
  @ApiBody({ type: SubmitJobDto })
  @ApiCreatedResponse({ type: JobDto, description: 'Submitted; `Location` is the job' })
  @ApiRepeat(JobDto)
  @ApiProblems(...SUBMISSION_PROBLEMS)
  async submit(
    @Body(jobBody(SubmitJobDto)) body: unknown,
    @Caller() caller: Principal,
    @Idempotency() header: IdempotencyHeader | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<JobDto | GoneDto> {
    const intake = await this.intake.take([body as SubmitJobDto], caller, header, () => '');
    const [job] = await this.present(intake, response);
    if (job === undefined) return { gone: intake.gone };
    response.location(job.links.self);
    return job;
  }

  @Post('batch')
  @NeedsStorage()
  @RequireScopes('jobs:write')
  @ApiOperation({
    operationId: 'submitJobs',
    summary: 'Submit several jobs',
    description:
      '1 to 1000 jobs in one transaction: all or none. A repeat of its `Idempotency-Key` answers those that are still there.',
  })
  @ApiIdempotencyKey()
  @ApiBody({ type: SubmitBatchDto })
  @ApiCreatedResponse({ type: JobBatchDto, description: 'Submitted, in the order of the request' })
  @ApiOkResponse({ type: JobBatchDto, description: 'A repeat of its Idempotency-Key' })
  @ApiProblems(...SUBMISSION_PROBLEMS)
  async submitBatch(
    @Body(jobBody(SubmitBatchDto)) body: unknown,
    @Caller() caller: Principal,
    @Idempotency() header: IdempotencyHeader | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<JobBatchDto> {
    const { jobs } = body as SubmitBatchDto;
    const intake = await this.intake.take(jobs, caller, header, (index) => `jobs.${index}.`);
    const items = await this.present(intake, response);
    return intake.gone.length === 0 ? { items } : { items, gone: intake.gone };
  }

  @Get()
  @ApiOperation({
    operationId: 'listJobs',
    summary: 'List jobs',
    description:
      'Newest first, narrowed by what is asked for; hidden ones are left out. A page may be shorter than its limit, or empty: only `nextCursor: null` is the end.',
  })
  @ApiPage(JobDto)
  @ApiProblems('request.invalid')
  async list(@Query() query: ListJobsQueryDto): Promise<Page<JobDto>> {
    const filter = await this.filterOf(query);
    if (filter === null) return { items: [], nextCursor: null };
    const page = await listJobs(this.reads, filter, pageRequestOf(query));
    const items = await this.presenter.of(this.reads, page.items, PAGE_ARTIFACTS);
    const left = page.items[items.length];
    const last = page.items[items.length - 1];
    const isCut = left !== undefined && last !== undefined;
    return { items, nextCursor: isCut ? jobCursor(last) : page.nextCursor };
  }

  @Get(':id')
  @ApiOperation({
    operationId: 'getJob',
    summary: 'Look at one job',
    description: 'With its progress, its counts, and, once completed, its summary and artifacts.',
  })
  @ApiOkResponse({ type: JobDto })
  @ApiProblems('job.not_found')
  get(@IdParam('job.not_found') id: string): Promise<JobDto> {
    return this.presenter.one(this.reads, id);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @RequireScopes('jobs:write')
  @ApiOperation({
    operationId: 'cancelJob',
    summary: 'Cancel a job',
    description:
      'Finalized at once, with its open tasks; the edges that hold them are told with their next heartbeat. Repeated, it changes nothing.',
  })
  @ApiOkResponse({ type: JobDto })
  @ApiProblems('job.not_found', 'job.finalized')
  async cancel(@IdParam('job.not_found') id: string): Promise<JobDto> {
    await this.unitOfWork.run((tx) => this.lifecycle.cancel(tx, id, this.clock.now()));
    return this.presenter.one(this.reads, id);
  }

  @Post(':id/retry')
  @HttpCode(200)
  @RequireScopes('jobs:write')
  @ApiOperation({
    operationId: 'retryJob',
    summary: 'Retry a failed or cancelled job',
    description:
      'Its unfinished tasks queue again, as a new run. On a job that is queued or running nothing is done.',
  })
  @ApiOkResponse({ type: JobDto })
  @ApiProblems('job.not_found', 'job.finalized')
  async retry(@IdParam('job.not_found') id: string): Promise<JobDto> {
    await this.unitOfWork.run((tx) => this.lifecycle.retry(tx, id, this.clock.now()));
    return this.presenter.one(this.reads, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScopes('jobs:write')
  @ApiOperation({
    operationId: 'deleteJob',
    summary: 'Delete a job',
    description:
      'Cancelled if need be, hidden at once, removed with all it has by the next retention run.',
  })
  @ApiNoContentResponse({ description: 'Hidden' })
  @ApiProblems('job.not_found')
  async delete(@IdParam('job.not_found') id: string): Promise<void> {
    await this.unitOfWork.run((tx) => this.lifecycle.hide(tx, id, this.clock.now()));
  }

  @Post(':id/pin')
  @HttpCode(204)
  @RequireScopes('jobs:write')
  @ApiOperation({
    operationId: 'pinJob',
    summary: 'Keep a job',
    description: 'Retention leaves it alone until it is unpinned.',
  })
  @ApiNoContentResponse({ description: 'Pinned' })
  @ApiProblems('job.not_found')
  async pin(@IdParam('job.not_found') id: string): Promise<void> {
    await this.unitOfWork.run((tx) => this.lifecycle.pin(tx, id));
  }

  @Delete(':id/pin')
  @HttpCode(204)
  @RequireScopes('jobs:write')
  @ApiOperation({
    operationId: 'unpinJob',
    summary: 'Leave a job to retention again',
    description: 'Its `expiresAt` is then at least an hour away.',
  })
  @ApiNoContentResponse({ description: 'Not pinned' })
  @ApiProblems('job.not_found')
  async unpin(@IdParam('job.not_found') id: string): Promise<void> {
    await this.unitOfWork.run((tx) => this.lifecycle.unpin(tx, id, this.clock.now()));
  }

  @Get(':id/tasks')
  @ApiOperation({
    operationId: 'listTasks',
    summary: "List a job's tasks",
    description: 'By index, with progress and attempts.',
  })
  @ApiPage(TaskDto)
  @ApiProblems('request.invalid', 'job.not_found')
  async tasks(@IdParam('job.not_found') id: string, @Query() query: PageQueryDto) {
    await getJob(this.reads, id);
    return pageAnswer(await this.queries.tasks(this.reads, id, pageRequestOf(query)), taskDto);
  }

  @Get(':id/explain')
  @ApiOperation({
    operationId: 'explainJob',
    summary: 'Why is it not running?',
    description: 'The reasons for which the queued tasks of a job wait.',
  })
  @ApiOkResponse({ type: ExplanationDto })
  @ApiProblems('job.not_found')
  async explain(@IdParam('job.not_found') id: string): Promise<ExplanationDto> {
    const { status, reasons } = await this.explanations.explain(this.reads, id);
    return { status, reasons: reasons.map(({ code, detail }) => ({ code, detail })) };
  }

  private async present(intake: Intake, response: Response): Promise<JobDto[]> {
    if (intake.isRepeat) response.status(200);
    const jobs = await this.presenter.of(this.reads, intake.jobs);
    return jobs.map((job) => {
      const webhook = intake.newWebhooks.get(job.id);
      return webhook === undefined ? job : { ...job, webhook };
    });
  }

  /** Null when the list is to be empty: it asks for an edge that there is not. */
  private async filterOf(query: ListJobsQueryDto): Promise<JobFilter | null> {
    const edgeId =
      query.edge === undefined ? undefined : await this.edges.find(this.reads, query.edge);
    if (edgeId === null) return null;
    return {
      status: query.status,
      kind: query.kind,
      queue: query.queue,
      edgeId,
      createdAfter: epochMs(query.createdAfter),
      createdBefore: epochMs(query.createdBefore),
    };
  }
}
