import { UploadUrls } from '@foreman/artifacts';
import type { EdgePrincipal } from '@foreman/edges';
import { isoTime } from '@foreman/kernel';
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems';
import { EdgeFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { CallingEdge } from '../http/principals';
import { ApiLeaseToken, LeaseToken } from './lease-token';
import { TASK_CALL_PROBLEMS } from './task-call-problems';
import { IssueUploadUrlDto, UploadUrlDto } from './upload-url.dto';

@ApiTags('edges')
@Controller('internal/edges/tasks/:id/artifacts/:name/upload-url')
@EdgeFace()
export class UploadUrlController {
  constructor(private readonly urls: UploadUrls) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'issueUploadUrl',
    summary: 'Make a URL for an artifact to be uploaded to',
    description:
      "For a program that must not have the edge's token. What is uploaded by it is staged as by a PUT of the edge; it takes one name, type and size, and dies with the lease. Nothing is stored: asking again makes another.",
  })
  @ApiLeaseToken()
  @ApiOkResponse({ type: UploadUrlDto })
  @ApiProblems(...TASK_CALL_PROBLEMS, 'artifact.too_large')
  async issue(
    @IdParam('task.not_found') taskId: string,
    @Param('name') name: string,
    @CallingEdge() edge: EdgePrincipal,
    @LeaseToken() leaseToken: string,
    @Body() body: IssueUploadUrlDto,
  ): Promise<UploadUrlDto> {
    const { contentType, size } = body;
    const { url, expiresAt } = await this.urls.issue({
      taskId,
      edgeId: edge.edgeId,
      leaseToken,
      name,
      contentType,
      size,
      sha256: body.sha256 ?? undefined,
      expiresSeconds: body.expiresSeconds ?? undefined,
    });
    const headers = { 'Content-Type': contentType };
    return { url, method: 'PUT', headers, expiresAt: isoTime(expiresAt) };
  }
}
