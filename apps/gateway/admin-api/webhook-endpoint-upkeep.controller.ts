import { ReadConnection } from '@foreman/database';
import { EndpointEnabling, EndpointProbe, EndpointRedelivery } from '@foreman/webhooks';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems';
import { ServiceFace } from '../http/faces';
import { IdParam } from '../http/id.pipe';
import { epochMs } from '../http/time-field';
import {
  RedeliverDto,
  RedeliveredDto,
  WebhookTestDto,
  webhookTestDto,
} from './webhook-endpoint-upkeep.dto';
import { WebhookEndpointDto, webhookEndpointDto } from './webhook-endpoint.dto';

/** What an operator does once an endpoint is there, or has gone wrong. */
@ApiTags('admin')
@Controller('admin/webhook-endpoints/:id')
@ServiceFace('admin')
export class WebhookEndpointUpkeepController {
  constructor(
    private readonly probe: EndpointProbe,
    private readonly enabling: EndpointEnabling,
    private readonly redelivery: EndpointRedelivery,
    private readonly reads: ReadConnection,
  ) {}

  @Post('test')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'testWebhookEndpoint',
    summary: 'Send a test event and show the answer',
    description:
      'One signed `webhook.test` event, to a disabled endpoint too. Redirects are not followed; where webhooks may go holds here too. The answer tells what came back, a failure with 200 as well.',
  })
  @ApiOkResponse({ type: WebhookTestDto })
  @ApiProblems('request.unsupported_type', 'endpoint.not_found')
  async test(@IdParam('endpoint.not_found') id: string): Promise<WebhookTestDto> {
    return webhookTestDto(await this.probe.test(this.reads, id));
  }

  @Post('enable')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'enableWebhookEndpoint',
    summary: 'Enable a disabled endpoint',
    description:
      'Sends a `webhook.test` event. Answered with a 2xx, the endpoint is enabled, and what was kept for it goes out in order; else 409 with `test`. On an enabled one it does nothing.',
  })
  @ApiOkResponse({ type: WebhookEndpointDto })
  @ApiProblems('request.unsupported_type', 'endpoint.not_found', 'endpoint.disabled')
  async enable(@IdParam('endpoint.not_found') id: string): Promise<WebhookEndpointDto> {
    return webhookEndpointDto(await this.enabling.enable(id));
  }

  @Post('redeliver')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'redeliverOfEndpoint',
    summary: "Send an endpoint's deliveries again",
    description:
      'The exhausted ones, or those of another status; all, or those of events in a time. Each keeps its `webhook-id` and has the whole schedule before it.',
  })
  @ApiOkResponse({ type: RedeliveredDto })
  @ApiProblems(
    'request.invalid',
    'request.too_large',
    'request.unsupported_type',
    'endpoint.not_found',
    'endpoint.disabled',
  )
  async redeliver(
    @IdParam('endpoint.not_found') id: string,
    @Body() body: RedeliverDto,
  ): Promise<RedeliveredDto> {
    const selection = {
      status: body.status ?? undefined,
      after: epochMs(body.after),
      before: epochMs(body.before),
    };
    return { redelivered: await this.redelivery.redeliver(id, selection) };
  }
}
