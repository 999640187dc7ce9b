import { ArtifactObjects, ArtifactUploads } from '@foreman/artifacts';
import { ReadConnection } from '@foreman/database';
import type { EdgePrincipal } from '@foreman/edges';
import { Controller, Param, Put, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiIdempotencyKey } from '../http/api-idempotency-key';
import { ApiProblems } from '../http/api-problems';
import { TakesBody } from '../http/body.guard';
import { DiskReserve } from '../http/disk-reserve';
import { EdgeFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { IdempotencyKey } from '../http/idempotency-key';
import { CallingEdge } from '../http/principals';
import { NeedsStorage } from '../http/needs-storage';
import { ArtifactObjectDto } from '../jobs-api/job.dto';
import { digestsOf } from './digest-headers';
import { ApiLeaseToken, LeaseToken } from './lease-token';
import { requestBytes } from './request-bytes';

const ANY_BYTES = 'application/octet-stream';

@ApiTags('edges')
@Controller('internal/edges/tasks/:id/artifacts')
@EdgeFace()
export class TaskArtifactsController {
  constructor(
    private readonly uploads: ArtifactUploads,
    private readonly objects: ArtifactObjects,
    private readonly reads: ReadConnection,
    private readonly disk: DiskReserve,
  ) {}

  @Put(':name')
  @NeedsStorage('upload')
  @TakesBody({ json: 'none' })
  @ApiOperation({
    operationId: 'putArtifact',
    summary: 'Upload an artifact',
    description:
      'Raw bytes, streamed and hashed. Staged: nobody else sees it before the task completes, and the next lease of the task discards it. The same bytes again: 200; other bytes replace them, also those of a copy that comes late: send an `Idempotency-Key`, of which a repeat within the lease answers 200 with what is staged now and replaces nothing.',
  })
  @ApiLeaseToken()
  @ApiIdempotencyKey()
  @ApiHeader({
    name: 'Repr-Digest',
    required: false,
    description: 'RFC 9530: the bytes that arrive must have this digest. Also as `Content-Digest`.',
    example: 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:',
  })
  @ApiConsumes(ANY_BYTES, 'application/json', 'text/csv', 'image/svg+xml')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiCreatedResponse({ type: ArtifactObjectDto })
  @ApiOkResponse({
    type: ArtifactObjectDto,
    description: 'These bytes, or this key, were there: what is staged now',
  })
  @ApiProblems(
    'request.invalid',
    'request.unsupported_type',
    'artifact.digest_mismatch',
    'artifact.too_large',
    'lease.missing',
    'lease.lost',
    'idempotency.conflict',
    'task.not_found',
    'rate.limited',
    'server.storage_full',
  )
  async put(
    @IdParam('task.not_found') taskId: string,
    @Param('name') name: string,
    @CallingEdge() edge: EdgePrincipal,
    @LeaseToken() leaseToken: string,
    @IdempotencyKey() idempotencyKey: string | null,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ArtifactObjectDto> {
    const { artifact, isNew } = await this.uploads.put({
      taskId,
      edgeId: edge.edgeId,
      leaseToken,
      name,
      contentType: request.get('Content-Type') ?? ANY_BYTES,
      body: this.disk.whileRoom(requestBytes(request)),
      digests: digestsOf(request),
      idempotencyKey,
    });
    response.status(isNew ? 201 : 200);
    return this.objects.staged(this.reads, artifact);
  }
}
