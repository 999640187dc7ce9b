import { ArtifactObjects, ArtifactReads } from '@foreman/artifacts';
import { ReadConnection } from '@foreman/database';
import { getJob } from '@foreman/jobs';
import type { Page } from '@foreman/kernel';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiPage } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { PageQueryDto, pageRequestOf } from '../http/page.dto';
import { ANSWER_INLINE_BYTES } from './answer-budget';
import { ArtifactObjectDto } from './job.dto';

@ApiTags('jobs')
@Controller('jobs/:id/artifacts')
@ServiceFace('jobs:read')
export class JobArtifactsController {
  constructor(
    private readonly reads: ReadConnection,
    private readonly artifacts: ArtifactReads,
    private readonly objects: ArtifactObjects,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listArtifacts',
    summary: "List a job's artifacts",
    description: '`completion` first, then by name; small ones by value, others by URL.',
  })
  @ApiPage(ArtifactObjectDto)
  @ApiProblems('request.invalid', 'job.not_found')
  async list(
    @IdParam('job.not_found') id: string,
    @Query() query: PageQueryDto,
  ): Promise<Page<ArtifactObjectDto>> {
    await getJob(this.reads, id);
    const page = await this.artifacts.page(this.reads, id, pageRequestOf(query));
    return {
      items: await this.objects.of(id, page.items, ANSWER_INLINE_BYTES),
      nextCursor: page.nextCursor,
    };
  }
}
