import type { EdgePrincipal } from '@foreman/edges';
import { Clock, isoTime, isoTimeOrNull } from '@foreman/kernel';
import { Completion, HandBack, LateWrites } from '@foreman/leasing';
import { Heartbeats } from '@foreman/progress';
import { Body, Controller, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';
import { ApiIdempotencyKey } from '../http/api-idempotency-key';
import { ApiProblems } from '../http/api-problems';
import { EdgeFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { Idempotency, type IdempotencyHeader } from '../http/idempotency-key';
import { OpaqueBodyPipe } from '../http/opaque-body.pipe';
import { CallingEdge } from '../http/principals';
import { lenientValidation } from '../http/validation';
import { declaredArtifacts } from './declared-artifacts';
import {
  CompleteTaskDto,
  CompletedTaskDto,
  FailTaskDto,
  FailedTaskDto,
  ReleasedTaskDto,
} from './end-task.dto';
import { fieldsOf } from './free-form';
import { HeartbeatInterval } from './heartbeat-interval';
import { HeartbeatAnswerDto, HeartbeatDto } from './heartbeat.dto';
import { leasedTaskDto } from './lease.dto';
import { ReleaseOffers } from './release-offers';
import { TASK_CALL_PROBLEMS } from './task-call-problems';
import { ApiLeaseToken, LeaseToken } from './lease-token';

const COMPLETE_BODY = new OpaqueBodyPipe({
  metatype: CompleteTaskDto,
  validation: lenientValidation(),
  opaque: 'inline',
  lists: ['artifacts'],
});

@ApiTags('edges')
@Controller('internal/edges/tasks/:id')
@EdgeFace()
export class TasksController {
  constructor(
    private readonly clock: Clock,
    private readonly heartbeats: Heartbeats,
    private readonly completion: Completion,
    private readonly handBack: HandBack,
    private readonly lateWrites: LateWrites,
    private readonly interval: HeartbeatInterval,
    private readonly releases: ReleaseOffers,
    @Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions,
  ) {}

  @Post('heartbeat')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'heartbeatOfTask',
    summary: 'Heartbeat for one task',
    description:
      'Extends the lease, keeps the progress, and tells what to do: go on or stop, and what the operator wants of the edge. A bad field costs that field only, and is named in the answer.',
  })
  @ApiLeaseToken()
  @ApiBody({ type: HeartbeatDto })
  @ApiOkResponse({ type: HeartbeatAnswerDto })
  @ApiProblems(...TASK_CALL_PROBLEMS)
  async heartbeat(
    @IdParam('task.not_found') taskId: string,
    @CallingEdge() edge: EdgePrincipal,
    @LeaseToken() leaseToken: string,
    @Body() body: unknown,
  ): Promise<HeartbeatAnswerDto> {
    const report = { ...fieldsOf(body), taskId, leaseToken };
    const { ignored, ...answer } = await this.heartbeats.beat(edge.edgeId, report);
    return {
      leaseExpiresAt: isoTimeOrNull(answer.leaseExpiresAt),
      action: answer.action === 'continue' ? 'continue' : 'cancel',
      edge: edge.desired,
      heartbeatSeconds: this.interval.secondsFor(answer.leaseSeconds ?? this.options.leaseSeconds),
      serverTime: isoTime(this.clock.now()),
      release: await this.releases.upgradeFor(edge),
      ...(ignored && { ignored: [...ignored] }),
    };
  }

  @Post('complete')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'completeTask',
    summary: 'Complete a task',
    description:
      'Checks the rows, publishes the artifacts and finalizes the task, and its job when it was the last, in one transaction. Repeated with the same lease: the same answer. With `next=true` an `Idempotency-Key` is honoured: a repeat of it with another body is refused, and none leases again.',
  })
  @ApiLeaseToken()
  @ApiIdempotencyKey()
  @ApiQuery({
    name: 'next',
    required: false,
    type: Boolean,
    description: '`true`: lease the next task in the same transaction',
  })
  @ApiBody({ type: CompleteTaskDto })
  @ApiOkResponse({ type: CompletedTaskDto })
  @ApiProblems(
    ...TASK_CALL_PROBLEMS,
    'results.incomplete',
    'results.unknown_config',
    'idempotency.conflict',
    'artifact.conflict',
    'artifact.incomplete',
    'artifact.too_large',
  )
  async complete(
    @IdParam('task.not_found') taskId: string,
    @CallingEdge() edge: EdgePrincipal,
    @LeaseToken() leaseToken: string,
    @Body(COMPLETE_BODY) untyped: unknown,
    @Idempotency() idempotency: IdempotencyHeader | null,
    @Query('next') next?: string,
  ): Promise<CompletedTaskDto> {
    const body = untyped as CompleteTaskDto;
    try {
      const result = await this.completion.complete(edge, {
        taskId,
        leaseToken,
        bestConfigIds: body.bestConfigIds,
        processedCount: body.processedCount,
        totalCount: body.totalCount,
        resultCount: body.resultCount,
        artifacts: declaredArtifacts(body.artifacts ?? []),
        wantsNext: next === 'true',
        ...(idempotency && { idempotency }),
      });
      return {
        taskId,
        status: 'completed',
        jobStatus: result.jobStatus,
        next: result.next && leasedTaskDto(result.next, this.interval),
      };
    } catch (error) {
      const write = { call: 'complete', taskId, edgeId: edge.edgeId, leaseToken, body } as const;
      throw await this.lateWrites.keepIfLost(error, write);
    }
  }

  @Post('fail')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'failTask',
    summary: 'Say that an attempt failed',
    description:
      'Burns the attempt: the task queues again while attempts remain, else it has failed. Made to fit, not refused for its form. Repeated: the same answer.',
  })
  @ApiLeaseToken()
  @ApiBody({ type: FailTaskDto })
  @ApiOkResponse({ type: FailedTaskDto })
  @ApiProblems(...TASK_CALL_PROBLEMS)
  async fail(
    @IdParam('task.not_found') taskId: string,
    @CallingEdge() edge: EdgePrincipal,
    @LeaseToken() leaseToken: string,
    @Body() body: unknown,
  ): Promise<FailedTaskDto> {
    const report = fieldsOf(body);
    try {
      const { status, availableAt } = await this.handBack.fail(edge.edgeId, {
        taskId,
        leaseToken,
        code: report['code'],
        message: report['message'],
        isRetryable: report['retryable'],
        retryAfterSeconds: report['retryAfterSeconds'],
        keepsArtifacts: report['keepArtifacts'],
      });
      return { taskId, status, availableAt: isoTimeOrNull(availableAt) };
    } catch (error) {
      const write = { call: 'fail', taskId, edgeId: edge.edgeId, leaseToken, body } as const;
      throw await this.lateWrites.keepIfLost(error, write);
    }
  }

  @Post('release')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'releaseTask',
    summary: 'Hand a task back',
    description: 'Unburnt: for an agent that stops. Repeated: the same answer.',
  })
  @ApiLeaseToken()
  @ApiOkResponse({ type: ReleasedTaskDto })
  @ApiProblems('lease.missing', 'lease.lost', 'task.not_found')
  async release(
    @IdParam('task.not_found') taskId: string,
    @CallingEdge() edge: EdgePrincipal,
    @LeaseToken() leaseToken: string,
  ): Promise<ReleasedTaskDto> {
    await this.handBack.release(edge.edgeId, taskId, leaseToken);
    return { taskId, status: 'queued' };
  }
}
