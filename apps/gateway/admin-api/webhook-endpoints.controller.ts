import { IdempotencyKeys, type Principal } from '@foreman/access';
import { ReadConnection, UnitOfWork } from '@foreman/database';
import { StandingEndpoints, WebhookEndpoints } from '@foreman/webhooks';
import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Res } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiIdempotencyKey } from '../http/api-idempotency-key';
import { ApiPage, pageAnswer } from '../http/api-page';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { Idempotency, type IdempotencyHeader } from '../http/idempotency-key';
import { PageQueryDto, pageRequestOf } from '../http/page.dto';
import { Caller } from '../http/principals';
import { ApiRepeat, type GoneDto, madeOnce } from '../http/repeatable';
import {
  ChangeWebhookEndpointDto,
  CreateWebhookEndpointDto,
  NewWebhookEndpointDto,
  RotateWebhookSecretDto,
  RotatedWebhookSecretDto,
  WebhookEndpointDto,
  WebhookEndpointWithEventsDto,
  webhookEndpointDto,
  webhookEndpointEventDto,
} from './webhook-endpoint.dto';

@ApiTags('admin')
@Controller('admin/webhook-endpoints')
@ServiceFace('admin')
export class WebhookEndpointsController {
  constructor(
    private readonly endpoints: WebhookEndpoints,
    private readonly standing: StandingEndpoints,
    private readonly idempotency: IdempotencyKeys,
    private readonly work: UnitOfWork,
    private readonly reads: ReadConnection,
  ) {}

  @Post()
  @ApiOperation({
    operationId: 'createWebhookEndpoint',
    summary: 'Make a standing webhook endpoint',
    description:
      'It gets the events of all jobs, or of those of some kinds, from here on. Its secret is shown in this answer only; a repeat of an Idempotency-Key answers the same endpoint without it.',
  })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: NewWebhookEndpointDto })
  @ApiRepeat(NewWebhookEndpointDto)
  @ApiProblems(
    'request.invalid',
    'request.too_large',
    'request.unsupported_type',
    'idempotency.conflict',
    'webhook.target_refused',
  )
  create(
    @Body() body: CreateWebhookEndpointDto,
    @Caller() caller: Principal,
    @Idempotency() header: IdempotencyHeader | null,
    @Res({ passthrough: true }) response: Response,
  ): Promise<NewWebhookEndpointDto | GoneDto> {
    const command = {
      url: body.url,
      secret: body.secret ?? undefined,
      events: body.events ?? undefined,
      kinds: body.kinds ?? undefined,
      inlineBudgetBytes: body.inlineBudgetBytes ?? undefined,
      signedUrls: body.signedUrls ?? undefined,
      ratePerMinute: body.ratePerMinute ?? undefined,
    };
    return this.work.run((tx) =>
      madeOnce<NewWebhookEndpointDto>(
        tx,
        this.idempotency,
        { caller, header, response },
        async () => {
          const { id, secret } = await this.endpoints.createStanding(tx, command);
          const view = await this.standing.get(tx, id);
          return { id, answer: { ...webhookEndpointDto(view), secret } };
        },
        async (id) => ({ ...webhookEndpointDto(await this.standing.get(tx, id)), secret: null }),
      ),
    );
  }

  @Get()
  @ApiOperation({
    operationId: 'listWebhookEndpoints',
    summary: 'List standing webhook endpoints',
    description: 'Newest first, disabled ones included. Secrets are not shown again.',
  })
  @ApiPage(WebhookEndpointDto)
  @ApiProblems('request.invalid')
  async list(@Query() query: PageQueryDto) {
    const page = await this.standing.list(this.reads, pageRequestOf(query));
    return pageAnswer(page, webhookEndpointDto);
  }

  @Get(':id')
  @ApiOperation({
    operationId: 'getWebhookEndpoint',
    summary: 'Look at one standing webhook endpoint',
    description: 'With the latest that has happened to it: when it was disabled, and why.',
  })
  @ApiOkResponse({ type: WebhookEndpointWithEventsDto })
  @ApiProblems('endpoint.not_found')
  async get(@IdParam('endpoint.not_found') id: string): Promise<WebhookEndpointWithEventsDto> {
    const view = await this.standing.get(this.reads, id);
    const events = await this.standing.events(this.reads, id);
    return { ...webhookEndpointDto(view), history: events.map(webhookEndpointEventDto) };
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'changeWebhookEndpoint',
    summary: 'Change a standing webhook endpoint',
    description:
      'What is left out stays; `null` is what leaving it out means at creation. What is owed already follows.',
  })
  @ApiOkResponse({ type: WebhookEndpointDto })
  @ApiProblems(
    'request.invalid',
    'request.too_large',
    'request.unsupported_type',
    'endpoint.not_found',
    'webhook.target_refused',
  )
  async change(
    @IdParam('endpoint.not_found') id: string,
    @Body() body: ChangeWebhookEndpointDto,
  ): Promise<WebhookEndpointDto> {
    const changes = {
      url: body.url ?? undefined,
      events: body.events,
      kinds: body.kinds,
      inlineBudgetBytes: body.inlineBudgetBytes,
      signedUrls: body.signedUrls ?? undefined,
      ratePerMinute: body.ratePerMinute,
    };
    return webhookEndpointDto(await this.work.run((tx) => this.standing.change(tx, id, changes)));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'removeWebhookEndpoint',
    summary: 'Remove a standing webhook endpoint',
    description:
      'Nothing more is sent to it, what it was owed included. Its secret goes at once; its deliveries are shown as long as their jobs. Repeated: 404, which says the same.',
  })
  @ApiNoContentResponse({ description: 'Removed' })
  @ApiProblems('endpoint.not_found')
  async remove(@IdParam('endpoint.not_found') id: string): Promise<void> {
    await this.work.run((tx) => this.standing.remove(tx, id));
  }

  @Post(':id/rotate-secret')
  @ApiOperation({
    operationId: 'rotateWebhookSecret',
    summary: "Replace an endpoint's secret",
    description:
      'The new one is shown in this answer only. For 24 hours both sign. Meanwhile another one is not made (409), but taken if it is given: then all three sign. Given a secret, the call may be repeated: the present one changes nothing.',
  })
  @ApiCreatedResponse({ type: RotatedWebhookSecretDto })
  @ApiProblems(
    'request.invalid',
    'request.too_large',
    'request.unsupported_type',
    'endpoint.not_found',
    'endpoint.rotating',
  )
  async rotateSecret(
    @IdParam('endpoint.not_found') id: string,
    @Body() body: RotateWebhookSecretDto,
  ): Promise<RotatedWebhookSecretDto> {
    const given = body.secret ?? undefined;
    const { secret } = await this.work.run((tx) => this.standing.rotateSecret(tx, id, given));
    return { secret };
  }
}
