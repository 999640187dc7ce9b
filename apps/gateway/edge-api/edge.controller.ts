import { UnitOfWork } from '@foreman/database';
import { Edges, Enrolments, type EdgePrincipal } from '@foreman/edges';
import { Clock, cutText, invalidField, isoTime, isoTimeOrNull } from '@foreman/kernel';
import { type HeartbeatAnswer, Heartbeats, type TaskHeartbeat } from '@foreman/progress';
import { Body, Controller, Get, HttpCode, Inject, Post, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';
import { ApiProblems } from '../http/api-problems';
import { BearerToken } from '../http/bearer-token';
import { EdgeFace, EnrolmentFace } from '../http/faces';
import { CallingEdge } from '../http/principals';
import { SignedReleaseDto } from '../http/signed-release.dto';
import { EnrolDto, EnrolledDto } from './enrol.dto';
import { fieldsOf } from './free-form';
import { HeartbeatInterval } from './heartbeat-interval';
import { EdgeHeartbeatAnswerDto, EdgeHeartbeatDto } from './heartbeat.dto';
import { ReleaseOffers } from './release-offers';
import { ReleaseQueryDto } from './release.dto';

/** Longer ones are cut: what an agent calls itself must not cost it its leases. */
const AGENT_VERSION_LIMIT = 100;

@ApiTags('edges')
@Controller('internal/edges')
@EnrolmentFace()
export class EnrolmentController {
  constructor(
    private readonly enrolments: Enrolments,
    private readonly interval: HeartbeatInterval,
    @Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions,
  ) {}

  @Post('enroll')
  @ApiOperation({
    operationId: 'enrol',
    summary: 'Become an edge',
    description:
      'The bearer is a one-time enrolment token (`fmn_`). May be repeated with the same token until a token that it answered is first used: each repeat answers a new one, and the first one used ends the others.',
  })
  @ApiCreatedResponse({ type: EnrolledDto })
  @ApiProblems(
    'request.invalid',
    'request.too_large',
    'request.unsupported_type',
    'edge.name_taken',
  )
  async enrol(@BearerToken() token: string | null, @Body() body: EnrolDto): Promise<EnrolledDto> {
    const { name, kinds, labels, agentVersion, platform } = body;
    const edge = await this.enrolments.enrol(token, {
      name,
      kinds,
      labels,
      agentVersion,
      platform,
    });
    const heartbeatSeconds = this.interval.secondsFor(this.options.leaseSeconds);
    return { edgeId: edge.edgeId, token: edge.token, heartbeatSeconds };
  }
}

@ApiTags('edges')
@Controller('internal/edges')
@EdgeFace()
export class EdgeController {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly edges: Edges,
    private readonly heartbeats: Heartbeats,
    private readonly interval: HeartbeatInterval,
    private readonly releases: ReleaseOffers,
    @Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions,
  ) {}

  @Post('heartbeat')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'heartbeatOfEdge',
    summary: 'Heartbeat for all that the edge holds',
    description:
      'Or for none: it proves the edge alive and brings what the operator wants of it. A lost lease is an answer here, not an error, and a bad field of one task costs that field only.',
  })
  @ApiBody({ type: EdgeHeartbeatDto })
  @ApiOkResponse({ type: EdgeHeartbeatAnswerDto })
  @ApiProblems('request.invalid', 'request.too_large', 'request.unsupported_type')
  async heartbeat(
    @CallingEdge() edge: EdgePrincipal,
    @Body() body: unknown,
  ): Promise<EdgeHeartbeatAnswerDto> {
    const { agentVersion: named, tasks } = fieldsOf(body);
    const agentVersion =
      typeof named === 'string' ? cutText(named, AGENT_VERSION_LIMIT) : undefined;
    if (agentVersion !== undefined && agentVersion !== edge.agentVersion) {
      await this.unitOfWork.run((tx) => this.edges.noteAgentVersion(tx, edge.edgeId, agentVersion));
    }
    const answers = await this.heartbeats.beatAll(edge.edgeId, heartbeatsOf(tasks));
    return {
      edge: edge.desired,
      heartbeatSeconds: this.interval.secondsFor(shortestLease(answers, this.options.leaseSeconds)),
      serverTime: isoTime(this.clock.now()),
      release: await this.releases.upgradeFor(edge, agentVersion),
      tasks: answers.map(({ taskId, action, leaseExpiresAt, ignored }) => ({
        taskId,
        action,
        leaseExpiresAt: isoTimeOrNull(leaseExpiresAt),
        ...(ignored && { ignored: [...ignored] }),
      })),
    };
  }

  @Get('releases/current')
  @ApiOperation({
    operationId: 'currentRelease',
    summary: 'The release to run',
    description:
      'The highest version of the channel for the platform, or for any, that is not halted: whatever the edge runs now.',
  })
  @ApiOkResponse({ type: SignedReleaseDto })
  @ApiNoContentResponse({ description: 'There is no release' })
  @ApiProblems('request.invalid')
  async currentRelease(
    @CallingEdge() edge: EdgePrincipal,
    @Query() { channel, platform }: ReleaseQueryDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SignedReleaseDto | undefined> {
    const release = await this.releases.currentFor(edge, { channel, platform });
    if (release === null) response.status(204);
    return release ?? undefined;
  }
}

/** One that cannot be read costs no other; a list that is none could not be told from one that got lost. */
function heartbeatsOf(tasks: unknown): TaskHeartbeat[] {
  if (tasks === undefined || tasks === null) return [];
  if (!Array.isArray(tasks)) throw invalidField('tasks', 'must be a list');
  return tasks.map((entry) => {
    const { taskId, leaseToken, ...report } = fieldsOf(entry);
    return { taskId, leaseToken, ...report };
  });
}

/** One call is for all that the edge holds: it must come in time for the shortest lease. */
function shortestLease(answers: readonly HeartbeatAnswer[], defaultSeconds: number): number {
  const held = answers.flatMap(({ leaseSeconds }) => (leaseSeconds === null ? [] : [leaseSeconds]));
  return Math.min(defaultSeconds, ...held);
}
