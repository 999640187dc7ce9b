import { ReadConnection } from '@foreman/database';
import { Queues } from '@foreman/jobs';
import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiPage, pageAnswer } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { PageQueryDto, pageRequestOf } from '../http/page.dto';
import { ChangeQueueDto, QueueDto, queueDto } from './queue.dto';

@ApiTags('admin')
@Controller('admin/queues')
@ServiceFace('admin')
export class QueuesController {
  constructor(
    private readonly queues: Queues,
    private readonly reads: ReadConnection,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listQueues',
    summary: 'List queues',
    description:
      'By name. A queue comes into being with the first job that names it, and goes with the last one unless it is paused or has a weight.',
  })
  @ApiPage(QueueDto)
  @ApiProblems('request.invalid')
  async list(@Query() query: PageQueryDto) {
    return pageAnswer(await this.queues.list(this.reads, pageRequestOf(query)), queueDto);
  }

  @Patch(':name')
  @ApiOperation({
    operationId: 'changeQueue',
    summary: "Change a queue's weight",
    description: 'Its share of the leases beside other queues that have tasks waiting.',
  })
  @ApiOkResponse({ type: QueueDto })
  @ApiProblems(
    'request.invalid',
    'request.too_large',
    'request.unsupported_type',
    'queue.not_found',
  )
  async change(@Param('name') name: string, @Body() body: ChangeQueueDto): Promise<QueueDto> {
    return queueDto(await this.queues.setWeight(name, body.weight));
  }

  @Post(':name/pause')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'pauseQueue',
    summary: 'Pause a queue',
    description: 'Its tasks are not leased until it is resumed; those that run go on.',
  })
  @ApiOkResponse({ type: QueueDto })
  @ApiProblems('queue.not_found')
  async pause(@Param('name') name: string): Promise<QueueDto> {
    return queueDto(await this.queues.pause(name));
  }

  @Post(':name/resume')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'resumeQueue',
    summary: 'Resume a queue',
    description: 'Its tasks are leased again, and parked polls learn of them at once.',
  })
  @ApiOkResponse({ type: QueueDto })
  @ApiProblems('queue.not_found')
  async resume(@Param('name') name: string): Promise<QueueDto> {
    return queueDto(await this.queues.resume(name));
  }
}
