import { ReadConnection, UnitOfWork } from '@foreman/database';
import { Edges } from '@foreman/edges';
import { Clock } from '@foreman/kernel';
import { EdgeLeases } from '@foreman/leasing';
import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Req } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiPage, pageAnswer } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { CallsUnderWay } from '../http/calls-under-way';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { PageQueryDto, pageRequestOf } from '../http/page.dto';
import { ChangeEdgeDto, EdgeDto, RotatedTokenDto, edgeDto } from './edge.dto';

@ApiTags('admin')
@Controller('admin/edges')
@ServiceFace('admin')
export class EdgesController {
  constructor(
    private readonly edges: Edges,
    private readonly leases: EdgeLeases,
    private readonly clock: Clock,
    private readonly work: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly calls: CallsUnderWay,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listEdges',
    summary: 'List edges',
    description: 'The registered machines, newest first, without the revoked ones.',
  })
  @ApiPage(EdgeDto)
  @ApiProblems('request.invalid')
  async list(@Query() query: PageQueryDto) {
    return pageAnswer(await this.edges.list(this.reads, pageRequestOf(query)), edgeDto);
  }

  @Get(':id')
  @ApiOperation({
    operationId: 'getEdge',
    summary: 'Look at one edge',
    description: 'A revoked edge too: attempts refer to it.',
  })
  @ApiOkResponse({ type: EdgeDto })
  @ApiProblems('edge.not_found')
  async get(@IdParam('edge.not_found') id: string): Promise<EdgeDto> {
    return edgeDto(await this.edges.get(this.reads, id));
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'changeEdge',
    summary: 'Drain, stop or relabel an edge',
    description:
      'Told to the edge with its next heartbeat. `drain`: no new leases, finish what runs; `stop`: finish or hand back, then exit; `run`: take work again.',
  })
  @ApiOkResponse({ type: EdgeDto })
  @ApiProblems('request.invalid', 'request.too_large', 'request.unsupported_type', 'edge.not_found')
  async change(
    @IdParam('edge.not_found') id: string,
    @Body() body: ChangeEdgeDto,
  ): Promise<EdgeDto> {
    const changes = { desired: body.desired, labels: body.labels, maxLeases: body.maxLeases };
    const edge = await this.work.run((tx) => this.edges.change(tx, id, changes));
    // A parked poll learns at once that there is nothing more for it.
    this.leases.lookAgain(id);
    return edgeDto(edge);
  }

  @Post(':id/rotate-token')
  @ApiOperation({
    operationId: 'rotateEdgeToken',
    summary: "Replace an edge's token",
    description:
      'The new token is shown in this answer only. The old one works until a new one is first used; repeated before that, it answers one more, of which the first that is used ends the others.',
  })
  @ApiCreatedResponse({ type: RotatedTokenDto })
  @ApiProblems('edge.not_found')
  async rotateToken(@IdParam('edge.not_found') id: string): Promise<RotatedTokenDto> {
    return { token: await this.work.run((tx) => this.edges.rotateToken(tx, id)) };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeEdge',
    summary: 'Revoke an edge',
    description:
      'Its token opens nothing from the answer on: its calls under way are over by then, its streams are cut off. Its tasks queue again, its name is free. Repeated, it changes nothing.',
  })
  @ApiNoContentResponse({ description: 'Revoked' })
  @ApiProblems('edge.not_found')
  async revoke(@IdParam('edge.not_found') id: string, @Req() request: Request): Promise<void> {
    await this.work.run(async (tx) => {
      const wasLive = await this.edges.revoke(tx, id);
      if (wasLive) await this.leases.revoke(tx, id, this.clock.now());
    });
    await this.calls.revoked(id, request);
  }
}
