import {
  ENDPOINT_STATUSES,
  type EndpointEventView,
  type EndpointStatus,
  type StandingEndpointView,
  WEBHOOK_EVENT_TYPES,
} from '@foreman/webhooks';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
} from 'class-validator';

const EVENTS_EXAMPLE = ['job.completed', 'job.failed'];
const URL_EXAMPLE = 'https://example.com/hooks/foreman';
const SECRET_EXAMPLE = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const TIME_EXAMPLE = '2026-11-22T01:00:00.000Z';
const MAX_KINDS = 100;
/** Of FOREMAN_WEBHOOK_INLINE_BUDGET_BYTES too: a body is built in memory. */
const MAX_INLINE_BUDGET_BYTES = 67_108_864;
/** One every 10 ms: beyond that the sender's own pace is the bound. */
const MAX_RATE_PER_MINUTE = 6000;

/** What an endpoint's creation and its change have in common. */
class EndpointFieldsDto {
  /** Left out, or null: the three ends of a job. */
  @ApiPropertyOptional({
    isArray: true,
    enum: WEBHOOK_EVENT_TYPES,
    nullable: true,
    example: EVENTS_EXAMPLE,
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(10)
  @IsString({ each: true })
  events?: string[] | null;

  /** Jobs of these kinds only; null: of every kind. */
  @ApiPropertyOptional({ type: [String], nullable: true, example: ['chat'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_KINDS)
  @IsString({ each: true })
  kinds?: string[] | null;

  /** Bytes of artifacts that one body may carry inline; null: `FOREMAN_WEBHOOK_INLINE_BUDGET_BYTES`. */
  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 0,
    maximum: MAX_INLINE_BUDGET_BYTES,
    example: 65_536,
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_INLINE_BUDGET_BYTES)
  inlineBudgetBytes?: number | null;

  /** `true`: URLs of artifacts in its bodies work without a bearer token, for 3.5 to 7 days. */
  @ApiPropertyOptional({ example: false })
  @IsOptional()
  @IsBoolean()
  signedUrls?: boolean;

  /** Posts that any minute may see, evenly spread; null: no bound. */
  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 1,
    maximum: MAX_RATE_PER_MINUTE,
    example: 600,
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_RATE_PER_MINUTE)
  ratePerMinute?: number | null;
}

/** A URL that gets the events of all jobs, or of those of some kinds. */
export class CreateWebhookEndpointDto extends EndpointFieldsDto {
  /** `https`, or `http` where the operator allows it. */
  @ApiProperty({ example: URL_EXAMPLE })
  @IsString()
  @MaxLength(2000)
  url!: string;

  /** `whsec_` and base64 of 24 to 64 bytes; left out, one is made. */
  @ApiPropertyOptional({ example: SECRET_EXAMPLE })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  secret?: string;
}

/** What may be changed; a field that is left out stays as it is. */
export class ChangeWebhookEndpointDto extends EndpointFieldsDto {
  /** What is owed already goes there too. */
  @ApiPropertyOptional({ example: URL_EXAMPLE })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  url?: string;
}

/** A standing endpoint, without its secret. */
export class WebhookEndpointDto {
  @ApiProperty({ format: 'uuid', example: '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c14' })
  id!: string;

  /** Without its query, where receivers keep tokens. */
  @ApiProperty({ example: URL_EXAMPLE })
  url!: string;

  @ApiProperty({ isArray: true, enum: WEBHOOK_EVENT_TYPES, example: EVENTS_EXAMPLE })
  events!: string[];

  /** Null: of every kind. */
  @ApiProperty({ type: [String], nullable: true, example: ['chat'] })
  kinds!: string[] | null;

  @ApiProperty({ type: 'integer', nullable: true, example: null })
  inlineBudgetBytes!: number | null;

  @ApiProperty({ example: false })
  signedUrls!: boolean;

  @ApiProperty({ type: 'integer', nullable: true, example: null })
  ratePerMinute!: number | null;

  /** `replaying`: enabled again; what was kept for it goes out first, in order. */
  @ApiProperty({ enum: ENDPOINT_STATUSES, example: 'enabled' })
  status!: EndpointStatus;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  disabledAt!: string | null;

  /** `gone`: it answered 410. `failing`: it had no success for too long. */
  @ApiProperty({ type: String, enum: ['gone', 'failing'], nullable: true, example: null })
  disabledReason!: string | null;

  /** Of the first failure since its last success. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  failingSince!: string | null;

  /** Until then the replaced secret signs beside the new one; null: one secret signs. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  previousSecretUntil!: string | null;

  @ApiProperty({ format: 'date-time', example: TIME_EXAMPLE })
  createdAt!: string;
}

/** The answer to making an endpoint. */
export class NewWebhookEndpointDto extends WebhookEndpointDto {
  /** Shown in this answer only; null when the call repeats an Idempotency-Key. */
  @ApiProperty({ type: String, nullable: true, example: SECRET_EXAMPLE })
  secret!: string | null;
}

/** Something that happened to an endpoint. */
export class WebhookEndpointEventDto {
  @ApiProperty({
    enum: ['created', 'changed', 'secret_rotated', 'disabled', 'enabled', 'replayed'],
    example: 'disabled',
  })
  type!: string;

  /** Why it was disabled. */
  @ApiProperty({ type: String, nullable: true, example: 'failing' })
  reason!: string | null;

  @ApiProperty({ format: 'date-time', example: TIME_EXAMPLE })
  at!: string;
}

/** One endpoint, with what has happened to it. */
export class WebhookEndpointWithEventsDto extends WebhookEndpointDto {
  /** The latest 50, newest first. */
  @ApiProperty({ type: [WebhookEndpointEventDto] })
  history!: WebhookEndpointEventDto[];
}

export class RotateWebhookSecretDto {
  /** `whsec_` and base64 of 24 to 64 bytes; left out, one is made. The present one: nothing changes. */
  @ApiPropertyOptional({ example: SECRET_EXAMPLE })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  secret?: string;
}

/** A new secret. */
export class RotatedWebhookSecretDto {
  /** Shown in this answer only. */
  @ApiProperty({ example: SECRET_EXAMPLE })
  secret!: string;
}

export function webhookEndpointDto(view: StandingEndpointView): WebhookEndpointDto {
  return {
    id: view.id,
    url: view.url,
    events: [...view.events],
    kinds: view.kinds && [...view.kinds],
    inlineBudgetBytes: view.inlineBudgetBytes,
    signedUrls: view.signedUrls,
    ratePerMinute: view.ratePerMinute,
    status: view.status,
    disabledAt: view.disabledAt,
    disabledReason: view.disabledReason,
    failingSince: view.failingSince,
    previousSecretUntil: view.previousSecretUntil,
    createdAt: view.createdAt,
  };
}

export function webhookEndpointEventDto(view: EndpointEventView): WebhookEndpointEventDto {
  return { type: view.type, reason: view.reason, at: view.at };
}
