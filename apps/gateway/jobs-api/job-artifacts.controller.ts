import { ArtifactObjects, ArtifactReads } from '@foreman/artifacts';
import { ReadConnection } from '@foreman/database';
import { getJob } from '@foreman/jobs';
import type { Page } from '@foreman/kernel';
import { Controller, Get, Head, Param, Query, Req, Res, applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiPage } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { Downloads } from '../http/downloads';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { pageRequestOf } from '../http/page.dto';
import { ANSWER_INLINE_BYTES } from './answer-budget';
import { ArtifactObjectDto } from './job.dto';
import { ListArtifactsQueryDto } from './list-artifacts.dto';
import { servedArtifact } from './served-artifact';

const BYTES = { type: 'string', format: 'binary' } as const;

@ApiTags('jobs')
@Controller('jobs/:id/artifacts')
@ServiceFace('jobs:read')
export class JobArtifactsController {
  constructor(
    private readonly reads: ReadConnection,
    private readonly artifacts: ArtifactReads,
    private readonly objects: ArtifactObjects,
    private readonly downloads: Downloads,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listArtifacts',
    summary: "List a job's artifacts",
    description:
      '`completion` first, then by name; small ones by value, others by URL. With `prefix=<resultFolder>.` the set that a result folder names.',
  })
  @ApiPage(ArtifactObjectDto)
  @ApiProblems('request.invalid', 'job.not_found')
  async list(
    @IdParam('job.not_found') id: string,
    @Query() query: ListArtifactsQueryDto,
  ): Promise<Page<ArtifactObjectDto>> {
    await getJob(this.reads, id);
    const page = await this.artifacts.page(this.reads, id, pageRequestOf(query), query.prefix);
    return {
      items: await this.objects.of(id, page.items, ANSWER_INLINE_BYTES),
      nextCursor: page.nextCursor,
    };
  }

  @Get(':name')
  @ApiOperation({
    operationId: 'getArtifact',
    summary: "Fetch an artifact's bytes",
    description:
      'By RFC 9110: single ranges, `If-Match`, `If-None-Match` and `If-Range` on the ETag, which is the SHA-256. Served inertly: nothing in it runs in a browser.',
  })
  @ApiBytes()
  async get(
    @IdParam('job.not_found') id: string,
    @Param('name') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.serve(id, name, request, response);
  }

  @Head(':name')
  @ApiOperation({
    operationId: 'headArtifact',
    summary: "Look at an artifact's headers",
    description: 'The headers that GET would answer, without the bytes.',
  })
  @ApiBytes()
  async head(
    @IdParam('job.not_found') id: string,
    @Param('name') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.serve(id, name, request, response);
  }

  private async serve(
    id: string,
    name: string,
    request: Request,
    response: Response,
  ): Promise<void> {
    await getJob(this.reads, id);
    const artifact = await this.artifacts.get(this.reads, id, name);
    await this.artifacts.assertSound(this.reads, artifact);
    const bytes = servedArtifact(this.artifacts, artifact);
    await this.downloads.serve('token', request, response, bytes);
  }
}

function ApiBytes() {
  return applyDecorators(
    ApiHeader({ name: 'Range', required: false, example: 'bytes=0-1023' }),
    ApiHeader({ name: 'If-None-Match', required: false }),
    ApiProduces('*/*'),
    ApiResponse({ status: 200, description: 'All bytes', schema: BYTES }),
    ApiResponse({ status: 206, description: 'The range that was asked for', schema: BYTES }),
    ApiResponse({ status: 304, description: 'The bytes that `If-None-Match` names' }),
    ApiProblems(
      'job.not_found',
      'artifact.not_found',
      'artifact.precondition_failed',
      'artifact.range_not_satisfiable',
      'artifact.corrupt',
      'rate.limited',
    ),
  );
}
