import { ArtifactReads, DownloadUrls } from '@foreman/artifacts';
import { ReadConnection } from '@foreman/database';
import { Controller, Get, Head, Param, Req, Res, applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiProblems } from '../http/api-problems';
import { Downloads } from '../http/downloads';
import { servedArtifact } from '../jobs-api/served-artifact';
import { ApiSignedQuery, SignedFace } from './signed-face';

const BYTES = { type: 'string', format: 'binary' } as const;

@ApiTags('signed')
@Controller('signed/jobs/:id/artifacts/:name')
@SignedFace()
export class SignedDownloadsController {
  constructor(
    private readonly reads: ReadConnection,
    private readonly urls: DownloadUrls,
    private readonly artifacts: ArtifactReads,
    private readonly downloads: Downloads,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'getSignedArtifact',
    summary: "Fetch an artifact's bytes by a signed URL",
    description:
      'No bearer token is needed, or looked at. Ranges, conditions and headers are those of `getArtifact`.',
  })
  @ApiSigned()
  async get(
    @Param('id') jobId: string,
    @Param('name') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.serve(jobId, name, request, response);
  }

  @Head()
  @ApiOperation({
    operationId: 'headSignedArtifact',
    summary: "Look at an artifact's headers by a signed URL",
    description: 'The headers that GET would answer, without the bytes.',
  })
  @ApiSigned()
  async head(
    @Param('id') jobId: string,
    @Param('name') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.serve(jobId, name, request, response);
  }

  private async serve(
    jobId: string,
    name: string,
    request: Request,
    response: Response,
  ): Promise<void> {
    const called = { jobId, name, query: request.query };
    const artifact = await this.urls.open(this.reads, called);
    await this.artifacts.assertSound(this.reads, artifact);
    const bytes = servedArtifact(this.artifacts, artifact);
    await this.downloads.serve('signed', request, response, bytes);
  }
}

function ApiSigned() {
  return applyDecorators(
    ApiSignedQuery('sha256'),
    ApiProduces('*/*'),
    ApiResponse({ status: 200, description: 'All bytes', schema: BYTES }),
    ApiResponse({ status: 206, description: 'The range that was asked for', schema: BYTES }),
    ApiResponse({ status: 304, description: 'The bytes that `If-None-Match` names' }),
    ApiProblems(
      'artifact.not_found',
      'artifact.precondition_failed',
      'artifact.range_not_satisfiable',
      'artifact.corrupt',
      'rate.limited',
    ),
  );
}
