import { DownloadUrls } from '@foreman/artifacts';
import { ReadConnection } from '@foreman/database';
import { getJob } from '@foreman/jobs';
import { isoTime } from '@foreman/kernel';
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { DownloadUrlDto, IssueDownloadUrlDto } from './download-url.dto';

@ApiTags('jobs')
@Controller('jobs/:id/artifacts/:name/download-url')
@ServiceFace('jobs:read')
export class DownloadUrlController {
  constructor(
    private readonly reads: ReadConnection,
    private readonly urls: DownloadUrls,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'issueDownloadUrl',
    summary: "Make a URL for an artifact's bytes",
    description:
      'It works without a bearer token, for these bytes only, and is served as the artifact itself is. Nothing is stored: asking again makes another.',
  })
  @ApiOkResponse({ type: DownloadUrlDto })
  @ApiProblems('request.invalid', 'job.not_found', 'artifact.not_found')
  async issue(
    @IdParam('job.not_found') id: string,
    @Param('name') name: string,
    @Body() body: IssueDownloadUrlDto,
  ): Promise<DownloadUrlDto> {
    await getJob(this.reads, id);
    const seconds = body.expiresSeconds ?? undefined;
    const { url, expiresAt } = await this.urls.issue(this.reads, id, name, seconds);
    return { url, method: 'GET', expiresAt: isoTime(expiresAt) };
  }
}
