import type { RawBodyRequest } from '@foreman/client';
import { BadRequestException, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { WebhookVerificationError } from 'standardwebhooks';
import { WebhookInbox } from './webhook-inbox';

/** Where the gateway posts what became of the jobs. */
@Controller('webhooks')
export class WebhookController {
  constructor(@Inject(WebhookInbox) private readonly inbox: WebhookInbox) {}

  @Post('foreman')
  @HttpCode(204)
  receive(@Req() { rawBody, headers }: RawBodyRequest): void {
    try {
      this.inbox.take(rawBody ?? Buffer.alloc(0), headers);
    } catch (error) {
      if (error instanceof WebhookVerificationError) throw new BadRequestException(error.message);
      throw error;
    }
  }
}
