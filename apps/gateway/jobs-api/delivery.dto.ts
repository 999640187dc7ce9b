import type { DeliveryAttemptView, DeliveryView } from '@foreman/webhooks';
import { ApiProperty } from '@nestjs/swagger';

export class DeliveryErrorDto {
  @ApiProperty({ example: 'timeout' })
  class!: string;

  @ApiProperty({ example: 'No answer within 15 s' })
  detail!: string;
}

/** One try. */
export class DeliveryAttemptDto {
  @ApiProperty({ example: 1 })
  number!: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  startedAt!: string;

  @ApiProperty({ example: 42 })
  durationMs!: number;

  @ApiProperty({ type: Number, nullable: true, example: 200 })
  statusCode!: number | null;

  @ApiProperty({ type: DeliveryErrorDto, nullable: true })
  error!: DeliveryErrorDto | null;

  /** What was connected to. */
  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7' })
  address!: string | null;

  /** The first 4 KiB of the answer. */
  @ApiProperty({ type: String, nullable: true, example: 'ok' })
  responseExcerpt!: string | null;
}

/** One event owed to one endpoint. */
export class DeliveryDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11' })
  id!: string;

  /** The `webhook-id` that its receiver sees, the same over retries. */
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c12' })
  eventId!: string;

  @ApiProperty({ example: 'job.completed' })
  type!: string;

  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c13' })
  jobId!: string;

  @ApiProperty({ example: 1 })
  run!: number;

  /** Orders a job's events. */
  @ApiProperty({ example: 3 })
  seq!: number;

  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c14' })
  endpointId!: string;

  /** Without its query; of a standing endpoint, to services: its origin only. */
  @ApiProperty({ example: 'https://example.com/hooks/foreman' })
  url!: string;

  @ApiProperty({
    enum: ['pending', 'delivered', 'exhausted', 'superseded', 'disabled'],
    example: 'delivered',
  })
  status!: string;

  @ApiProperty({ example: 1 })
  attemptCount!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  nextAttemptAt!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  finishedAt!: string | null;

  /** The latest 20 of `attemptCount`. */
  @ApiProperty({ type: [DeliveryAttemptDto] })
  attempts!: DeliveryAttemptDto[];
}

export function deliveryDto(view: DeliveryView): DeliveryDto {
  return {
    id: view.id,
    eventId: view.eventId,
    type: view.type,
    jobId: view.jobId,
    run: view.run,
    seq: view.seq,
    endpointId: view.endpointId,
    url: view.url,
    status: view.status,
    attemptCount: view.attemptCount,
    nextAttemptAt: view.nextAttemptAt,
    createdAt: view.createdAt,
    finishedAt: view.finishedAt,
    attempts: view.attempts.map(attemptDto),
  };
}

function attemptDto(view: DeliveryAttemptView): DeliveryAttemptDto {
  return {
    number: view.number,
    startedAt: view.startedAt,
    durationMs: view.durationMs,
    statusCode: view.statusCode,
    error: view.error && { class: view.error.class, detail: view.error.detail },
    address: view.address,
    responseExcerpt: view.responseExcerpt,
  };
}
