import { ReadConnection } from '@foreman/database';
import { isUuid } from '@foreman/kernel';
import { DELIVERY_STATUSES, Deliveries, type DeliveryStatus } from '@foreman/webhooks';
import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiPage, pageAnswer } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { PageQueryDto, pageRequestOf } from '../http/page.dto';
import { DeliveryDto, deliveryDto } from '../jobs-api/delivery.dto';

/** Which deliveries a list holds. */
export class ListDeliveriesQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ enum: DELIVERY_STATUSES, example: 'exhausted' })
  @IsOptional()
  @IsIn(DELIVERY_STATUSES)
  status?: DeliveryStatus;

  /** Those to this endpoint: its id. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  endpoint?: string;

  /** Those of this job: its id. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  jobId?: string;
}

@ApiTags('admin')
@Controller('admin/deliveries')
@ServiceFace('admin')
export class DeliveriesController {
  constructor(
    private readonly deliveries: Deliveries,
    private readonly reads: ReadConnection,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listAllDeliveries',
    summary: 'List webhook deliveries',
    description: 'Of all jobs, newest first, each with its attempts.',
  })
  @ApiPage(DeliveryDto)
  @ApiProblems('request.invalid')
  async list(@Query() query: ListDeliveriesQueryDto) {
    const { status, endpoint: endpointId, jobId } = query;
    const areIds = [endpointId, jobId].every((id) => id === undefined || isUuid(id));
    if (!areIds) return { items: [], nextCursor: null };
    const filter = { status, endpointId, jobId };
    return pageAnswer(
      await this.deliveries.list(this.reads, filter, pageRequestOf(query)),
      deliveryDto,
    );
  }

  @Post(':id/redeliver')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'redeliver',
    summary: 'Send a delivery again',
    description:
      'With the same `webhook-id` and the whole schedule before it. One that is being sent at this moment answers 409: ask again when that try is over.',
  })
  @ApiOkResponse({ type: DeliveryDto })
  @ApiProblems(
    'request.unsupported_type',
    'delivery.not_found',
    'endpoint.disabled',
    'delivery.under_way',
  )
  async redeliver(@IdParam('delivery.not_found') id: string): Promise<DeliveryDto> {
    return deliveryDto(await this.deliveries.redeliver(id));
  }
}
