import { type EndpointTestView, REDELIVERABLE, type RedeliverySelection } from '@foreman/webhooks';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { IsTime } from '../http/time-field';
import { DeliveryErrorDto } from '../jobs-api/delivery.dto';

const TIME_EXAMPLE = '2026-11-22T01:00:00.000Z';

/** What an endpoint answered to a `webhook.test` event. */
export class WebhookTestDto {
  /** The `webhook-id` that the receiver saw. */
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c12' })
  eventId!: string;

  @ApiProperty({ format: 'date-time', example: TIME_EXAMPLE })
  sentAt!: string;

  @ApiProperty({ example: 42 })
  durationMs!: number;

  /** Null where no answer came. */
  @ApiProperty({ type: Number, nullable: true, example: 204 })
  statusCode!: number | null;

  /** Null is success: a 2xx. */
  @ApiProperty({ type: DeliveryErrorDto, nullable: true })
  error!: DeliveryErrorDto | null;

  /** What was connected to. */
  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7' })
  address!: string | null;

  /** The first 4 KiB of the answer. */
  @ApiProperty({ type: String, nullable: true, example: 'ok' })
  responseExcerpt!: string | null;
}

/** Which of an endpoint's deliveries to send again. */
export class RedeliverDto {
  @ApiPropertyOptional({ enum: REDELIVERABLE, default: 'exhausted', example: 'exhausted' })
  @IsOptional()
  @IsIn(REDELIVERABLE)
  status?: RedeliverySelection['status'];

  /** Of events since then, it included. */
  @ApiPropertyOptional({ format: 'date-time', example: TIME_EXAMPLE })
  @IsOptional()
  @IsTime()
  after?: string;

  /** Of events before then. */
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-22T02:00:00.000Z' })
  @IsOptional()
  @IsTime()
  before?: string;
}

export class RedeliveredDto {
  /** Deliveries that are owed anew. */
  @ApiProperty({ example: 12 })
  redelivered!: number;
}

export function webhookTestDto(view: EndpointTestView): WebhookTestDto {
  return {
    eventId: view.eventId,
    sentAt: view.sentAt,
    durationMs: view.durationMs,
    statusCode: view.statusCode,
    error: view.error && { class: view.error.class, detail: view.error.detail },
    address: view.address,
    responseExcerpt: view.responseExcerpt,
  };
}
