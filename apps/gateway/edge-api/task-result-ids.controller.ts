import { Readable } from 'node:stream';
import type { EdgePrincipal } from '@foreman/edges';
import { ResultIds } from '@foreman/results';
import { Controller, Get, Query, Res } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../http/api-problems';
import { Downloads } from '../http/downloads';
import { EdgeFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { CallingEdge } from '../http/principals';
import { ApiLeaseToken, LeaseToken } from './lease-token';
import { ResultIdDto, ResultIdsQueryDto } from './task-result-ids.dto';

const NDJSON = 'application/x-ndjson';

@ApiTags('edges')
@Controller('internal/edges/tasks/:id/results/ids')
@EdgeFace()
export class TaskResultIdsController {
  constructor(
    private readonly ids: ResultIds,
    private readonly downloads: Downloads,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listResultIds',
    summary: "List the ids of the task's rows that count",
    description:
      'For a lease that adopted the rows of earlier attempts: what need not be made again. One `{configId}` a line, in the order of arrival, streamed; the lease is extended meanwhile. A stream that is cut off is not whole.',
  })
  @ApiLeaseToken()
  @ApiProduces(NDJSON)
  @ApiExtraModels(ResultIdDto)
  @ApiOkResponse({
    description: 'One a line',
    content: { [NDJSON]: { schema: { $ref: getSchemaPath(ResultIdDto) } } },
  })
  @ApiProblems('request.invalid', 'lease.missing', 'lease.lost', 'task.not_found')
  async list(
    @IdParam('task.not_found') taskId: string,
    @CallingEdge() edge: EdgePrincipal,
    @LeaseToken() leaseToken: string,
    @Query() { metrics }: ResultIdsQueryDto,
    @Res() response: Response,
  ): Promise<void> {
    const lines = await this.ids.open({
      taskId,
      edgeId: edge.edgeId,
      leaseToken,
      ...(metrics && { metrics }),
    });
    response.setHeader('Content-Type', NDJSON);
    await this.downloads.stream(Readable.from(lines, { objectMode: false }), response);
  }
}
