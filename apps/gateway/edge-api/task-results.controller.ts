import type { EdgePrincipal } from '@foreman/edges';
import { DomainError } from '@foreman/kernel';
import { CopiedStream, LATE_WRITE_LIMIT_BYTES, LateWrites } from '@foreman/leasing';
import { ResultIngestion } from '@foreman/results';
import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiIdempotencyKey } from '../http/api-idempotency-key';
import { ApiProblems } from '../http/api-problems';
import { TakesBody, bodyBytes } from '../http/body.guard';
import { DiskReserve } from '../http/disk-reserve';
import { EdgeFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { IdempotencyKey } from '../http/idempotency-key';
import { CallingEdge } from '../http/principals';
import { NeedsStorage } from '../http/needs-storage';
import { ApiLeaseToken, LeaseToken } from './lease-token';
import { IngestedDto, PostResultsDto } from './post-results.dto';
import { unpackedBytes } from './request-bytes';
import { TASK_CALL_PROBLEMS } from './task-call-problems';

const NDJSON = 'application/x-ndjson';

@ApiTags('edges')
@Controller('internal/edges/tasks/:id/results')
@EdgeFace()
export class TaskResultsController {
  constructor(
    private readonly ingestion: ResultIngestion,
    private readonly lateWrites: LateWrites,
    private readonly disk: DiskReserve,
  ) {}

  @Post()
  @NeedsStorage()
  @HttpCode(200)
  @TakesBody({ json: 'results', streamTypes: [NDJSON] })
  @ApiOperation({
    operationId: 'postResults',
    summary: 'Post result rows',
    description:
      'As JSON (1 to 5000 rows, all or none), or streamed as `application/x-ndjson` without a limit of their number: a bad row there is refused with its `line`, what came before it stays, and `stored` tells how many that are. Either may come with `Content-Encoding: gzip`. Numbers keep all their digits. A row is keyed by task and `configId`; a repeat replaces it, also one that comes late and is older: send an `Idempotency-Key`, of which a repeat within the lease stores nothing.',
  })
  @ApiLeaseToken()
  @ApiIdempotencyKey()
  @ApiConsumes('application/json', NDJSON)
  @ApiBody({ type: PostResultsDto })
  @ApiOkResponse({ type: IngestedDto })
  @ApiProblems(...TASK_CALL_PROBLEMS, 'idempotency.conflict', 'server.storage_full')
  async post(
    @IdParam('task.not_found') taskId: string,
    @CallingEdge() edge: EdgePrincipal,
    @LeaseToken() leaseToken: string,
    @IdempotencyKey() idempotencyKey: string | null,
    @Req() request: Request,
  ): Promise<IngestedDto> {
    const sender = { taskId, edgeId: edge.edgeId, leaseToken };
    const post = { ...sender, idempotencyKey };
    if (request.is(NDJSON)) {
      const bytes = this.disk.whileRoom(unpackedBytes(request));
      const body = new CopiedStream(bytes, LATE_WRITE_LIMIT_BYTES);
      try {
        const { received, stored } = await this.ingestion.postStream({ ...post, body });
        return { received, stored };
      } catch (error) {
        throw await this.lateWrites.keepRowsIfLost(error, sender, body);
      }
    }
    const json = bodyBytes(request);
    try {
      const { received, stored } = await this.ingestion.postJson({ ...post, json });
      return { received, stored };
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'lease.lost') throw error;
      const late = { ...sender, call: 'results', json: new TextDecoder().decode(json) } as const;
      throw await this.lateWrites.keepIfLost(error, late);
    }
  }
}
