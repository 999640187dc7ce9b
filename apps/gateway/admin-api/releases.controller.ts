import { IdempotencyKeys, type Principal } from '@foreman/access';
import { ReadConnection, UnitOfWork } from '@foreman/database';
import { Releases } from '@foreman/releases';
import { Body, Controller, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiIdempotencyKey } from '../http/api-idempotency-key';
import { ApiPage, pageAnswer } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { Idempotency, type IdempotencyHeader } from '../http/idempotency-key';
import { PageQueryDto, pageRequestOf } from '../http/page.dto';
import { Caller } from '../http/principals';
import { PublishReleaseDto, ReleaseDto, releaseDto } from './release.dto';
import { type GoneDto, madeOnce } from '../http/repeatable';

@ApiTags('admin')
@Controller('admin/releases')
@ServiceFace('admin')
export class ReleasesController {
  constructor(
    private readonly releases: Releases,
    private readonly idempotency: IdempotencyKeys,
    private readonly work: UnitOfWork,
    private readonly reads: ReadConnection,
  ) {}

  @Post()
  @ApiOperation({
    operationId: 'publishRelease',
    summary: 'Publish a release of the agent',
    description:
      'A signed manifest; the package lies at its `url`. From the answer on, edges of that channel and platform that run a lower version are offered it with their heartbeats. The same package again answers 200; signed anew, it gets the new signature.',
  })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: ReleaseDto })
  @ApiOkResponse({ type: ReleaseDto, description: 'This package is published already' })
  @ApiProblems(
    'request.invalid',
    'request.too_large',
    'request.unsupported_type',
    'release.signature_invalid',
    'idempotency.conflict',
  )
  publish(
    @Body() body: PublishReleaseDto,
    @Caller() caller: Principal,
    @Idempotency() header: IdempotencyHeader | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ReleaseDto | GoneDto> {
    const { version, channel, platform, url, size, sha256, signature, notes } = body;
    return this.work.run((tx) =>
      madeOnce<ReleaseDto>(
        tx,
        this.idempotency,
        { caller, header, response },
        async () => {
          const command = { version, channel, platform, url, size, sha256, signature };
          const { release, isNew } = await this.releases.publish(tx, {
            ...command,
            notes: notes ?? undefined,
          });
          response.status(isNew ? 201 : 200);
          return { id: release.id, answer: releaseDto(release) };
        },
        async (id) => releaseDto(await this.releases.get(tx, id)),
      ),
    );
  }

  @Get()
  @ApiOperation({
    operationId: 'listReleases',
    summary: 'List releases',
    description: 'Newest first, halted ones included.',
  })
  @ApiPage(ReleaseDto)
  @ApiProblems('request.invalid')
  async list(@Query() query: PageQueryDto) {
    return pageAnswer(await this.releases.list(this.reads, pageRequestOf(query)), releaseDto);
  }

  @Post(':id/halt')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'haltRelease',
    summary: 'Halt a release',
    description:
      'No edge is offered it from the answer on; the next lower version is then the current one. Edges that run it keep running it. Repeated, it changes nothing.',
  })
  @ApiOkResponse({ type: ReleaseDto })
  @ApiProblems('release.not_found')
  async halt(@IdParam('release.not_found') id: string): Promise<ReleaseDto> {
    return releaseDto(await this.work.run((tx) => this.releases.halt(tx, id)));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'resumeRelease',
    summary: 'Offer a halted release again',
    description: 'Repeated, or when it was not halted, it changes nothing.',
  })
  @ApiOkResponse({ type: ReleaseDto })
  @ApiProblems('release.not_found')
  async resume(@IdParam('release.not_found') id: string): Promise<ReleaseDto> {
    return releaseDto(await this.work.run((tx) => this.releases.resume(tx, id)));
  }
}
