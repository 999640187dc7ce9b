import { ReadConnection } from '@foreman/database';
import { getJob } from '@foreman/jobs';
import { Deliveries } from '@foreman/webhooks';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiPage, pageAnswer } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { PageQueryDto, pageRequestOf } from '../http/page.dto';
import { DeliveryDto, deliveryDto } from './delivery.dto';

@ApiTags('jobs')
@Controller('jobs/:id/deliveries')
@ServiceFace('jobs:read')
export class JobDeliveriesController {
  constructor(
    private readonly reads: ReadConnection,
    private readonly deliveries: Deliveries,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listDeliveries',
    summary: "List a job's webhook deliveries",
    description:
      'Oldest first, each with its latest attempts. What standing endpoints answered, and their whole URLs, `GET /admin/deliveries` shows.',
  })
  @ApiPage(DeliveryDto)
  @ApiProblems('request.invalid', 'job.not_found')
  async list(@IdParam('job.not_found') id: string, @Query() query: PageQueryDto) {
    await getJob(this.reads, id);
    return pageAnswer(
      await this.deliveries.ofJob(this.reads, id, pageRequestOf(query)),
      deliveryDto,
    );
  }
}
