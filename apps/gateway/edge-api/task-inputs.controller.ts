import { TaskInputs } from '@foreman/artifacts';
import type { EdgePrincipal } from '@foreman/edges';
import { Controller, Get, Head, Param, Req, Res, applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiProblems } from '../http/api-problems';
import { Downloads } from '../http/downloads';
import { EdgeFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { CallingEdge } from '../http/principals';
import { ApiLeaseToken, LeaseToken } from './lease-token';

const BYTES = { type: 'string', format: 'binary' } as const;

@ApiTags('edges')
@Controller('internal/edges/tasks/:id/inputs')
@EdgeFace()
export class TaskInputsController {
  constructor(
    private readonly inputs: TaskInputs,
    private readonly downloads: Downloads,
  ) {}

  @Get(':name')
  @ApiOperation({
    operationId: 'getTaskInput',
    summary: "Fetch an input's bytes",
    description:
      'For the holder of the lease, by the rules of artifacts: single ranges, preconditions, the SHA-256 as ETag. A download that broke off goes on with `Range` and `If-Range`.',
  })
  @ApiBytes()
  async get(
    @IdParam('task.not_found') taskId: string,
    @Param('name') name: string,
    @CallingEdge() edge: EdgePrincipal,
    @LeaseToken() leaseToken: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const claim = { taskId, edgeId: edge.edgeId, leaseToken };
    await this.serve(claim, name, request, response);
  }

  @Head(':name')
  @ApiOperation({
    operationId: 'headTaskInput',
    summary: "Look at an input's headers",
    description: 'The headers that GET would answer, without the bytes.',
  })
  @ApiBytes()
  async head(
    @IdParam('task.not_found') taskId: string,
    @Param('name') name: string,
    @CallingEdge() edge: EdgePrincipal,
    @LeaseToken() leaseToken: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const claim = { taskId, edgeId: edge.edgeId, leaseToken };
    await this.serve(claim, name, request, response);
  }

  private async serve(
    claim: { readonly taskId: string; readonly edgeId: string; readonly leaseToken: string },
    name: string,
    request: Request,
    response: Response,
  ): Promise<void> {
    const input = await this.inputs.get(claim, name);
    await this.downloads.serve('token', request, response, {
      name: input.name,
      contentType: input.contentType,
      size: input.size,
      sha256: input.sha256,
      open: (range) => this.inputs.open(input, range),
      whole: () => this.inputs.whole(input),
    });
  }
}

function ApiBytes() {
  return applyDecorators(
    ApiLeaseToken(),
    ApiHeader({ name: 'Range', required: false, example: 'bytes=0-1023' }),
    ApiHeader({ name: 'If-Range', required: false }),
    ApiProduces('*/*'),
    ApiResponse({ status: 200, description: 'All bytes', schema: BYTES }),
    ApiResponse({ status: 206, description: 'The range that was asked for', schema: BYTES }),
    ApiResponse({ status: 304, description: 'The bytes that `If-None-Match` names' }),
    ApiProblems(
      'lease.missing',
      'lease.lost',
      'task.not_found',
      'input.not_found',
      'artifact.precondition_failed',
      'artifact.range_not_satisfiable',
      'artifact.corrupt',
      'rate.limited',
    ),
  );
}
