import { ForemanClient } from '@foreman/client';
import { type DynamicModule, Module } from '@nestjs/common';
import { ResearchService } from './research.service';
import { WebhookController } from './webhook.controller';
import { WebhookInbox } from './webhook-inbox';

export interface ResearchOptions {
  readonly gatewayUrl: string;
  readonly apiKey: string;
  /** `whsec_<base64 of 24..64 bytes>`, shared with the gateway at submission. */
  readonly webhookSecret: string;
}

/** A small service that has its searches run by Foreman. */
@Module({})
export class ResearchModule {
  static forRoot({ gatewayUrl, apiKey, webhookSecret }: ResearchOptions): DynamicModule {
    const client = new ForemanClient({ baseUrl: gatewayUrl, apiKey });
    return {
      module: ResearchModule,
      controllers: [WebhookController],
      providers: [
        { provide: ForemanClient, useValue: client },
        { provide: WebhookInbox, useValue: new WebhookInbox(webhookSecret) },
        ResearchService,
      ],
    };
  }
}
