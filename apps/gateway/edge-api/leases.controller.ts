import type { EdgePrincipal } from '@foreman/edges';
import { DomainError, type ErrorCode } from '@foreman/kernel';
import { Leasing, type LeaseAnswer } from '@foreman/leasing';
import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiIdempotencyKey } from '../http/api-idempotency-key';
import { ApiProblems } from '../http/api-problems';
import { EdgeFace } from '../http/faces';
import { Idempotency, type IdempotencyHeader } from '../http/idempotency-key';
import { CallingEdge } from '../http/principals';
import { CallerGone } from './caller-gone';
import { HeartbeatInterval } from './heartbeat-interval';
import {
  LeaseTasksDto,
  LeasedTaskDto,
  LeasedTasksDto,
  NextTaskDto,
  leasedTaskDto,
} from './lease.dto';

/** How either way to lease can be refused. */
const LEASE_PROBLEMS = [
  'request.invalid',
  'request.too_large',
  'request.unsupported_type',
  'idempotency.conflict',
  'idempotency.ended',
  'rate.limited',
] as const satisfies readonly ErrorCode[];

@ApiTags('edges')
@Controller('internal/edges/tasks')
@EdgeFace()
export class LeasesController {
  constructor(
    private readonly leasing: Leasing,
    private readonly interval: HeartbeatInterval,
  ) {}

  @Post('next')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'nextTask',
    summary: 'Lease the next task',
    description:
      'The next task that is assigned to this edge or that it can run; 204 when there was none within `waitSeconds`. With an `Idempotency-Key` a repeat answers the same lease while it lives.',
  })
  @ApiIdempotencyKey()
  @ApiOkResponse({ type: LeasedTaskDto })
  @ApiNoContentResponse({
    description: 'Nothing to do. With `Retry-After` when the edge is to drain or stop',
  })
  @ApiProblems(...LEASE_PROBLEMS)
  async next(
    @CallingEdge() edge: EdgePrincipal,
    @Body() body: NextTaskDto,
    @Idempotency() header: IdempotencyHeader | null,
    @CallerGone() gone: AbortSignal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<LeasedTaskDto | undefined> {
    const answer = await this.lease(edge, body, 1, header, gone);
    const [task] = answer.items;
    if (task !== undefined) return leasedTaskDto(task, this.interval);
    response.status(204);
    sayWhenToRetry(answer, response);
    return undefined;
  }

  @Post('lease')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'leaseTasks',
    summary: 'Lease several tasks',
    description: 'Up to `max`; none when there was none within `waitSeconds`.',
  })
  @ApiIdempotencyKey()
  @ApiOkResponse({ type: LeasedTasksDto })
  @ApiProblems(...LEASE_PROBLEMS)
  async leaseSeveral(
    @CallingEdge() edge: EdgePrincipal,
    @Body() body: LeaseTasksDto,
    @Idempotency() header: IdempotencyHeader | null,
    @CallerGone() gone: AbortSignal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<LeasedTasksDto> {
    const answer = await this.lease(edge, body, body.max, header, gone);
    sayWhenToRetry(answer, response);
    return { items: answer.items.map((task) => leasedTaskDto(task, this.interval)) };
  }

  private async lease(
    edge: EdgePrincipal,
    body: NextTaskDto,
    max: number,
    header: IdempotencyHeader | null,
    signal: AbortSignal,
  ): Promise<LeaseAnswer> {
    const answer = await this.leasing.lease(edge, {
      kinds: body.kinds,
      max,
      waitSeconds: body.waitSeconds ?? 0,
      isResuming: body.resume ?? false,
      resumeKinds: body.resumeKinds,
      idempotency: header === null ? null : { key: header.key, path: header.path },
      signal,
    });
    if (signal.reason instanceof DomainError) throw signal.reason;
    return answer;
  }
}

function sayWhenToRetry(answer: LeaseAnswer, response: Response): void {
  if (answer.retryAfterSeconds !== null) {
    response.setHeader('Retry-After', String(answer.retryAfterSeconds));
  }
}
