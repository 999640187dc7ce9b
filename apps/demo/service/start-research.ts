import { ForemanClient } from '@foreman/client';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ResearchModule, type ResearchOptions } from './research.module';
import { ResearchService } from './research.service';
import { WebhookInbox } from './webhook-inbox';

export interface RunningResearch {
  readonly service: ResearchService;
  readonly foreman: ForemanClient;
  readonly inbox: WebhookInbox;
  readonly webhookUrl: string;
  close(): Promise<void>;
}

/** The gateway's inline budget (1 MiB by default) and the objects around it; Nest itself takes 100 KB. */
const WEBHOOK_LIMIT = '4mb';

/** Starts the service on any free port of the loopback. */
export async function startResearch(options: ResearchOptions): Promise<RunningResearch> {
  const app = await NestFactory.create<NestExpressApplication>(ResearchModule.forRoot(options), {
    // A signature is over the bytes that came.
    rawBody: true,
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  app.useBodyParser('json', { limit: WEBHOOK_LIMIT });
  await app.listen(0, '127.0.0.1');
  return {
    service: app.get(ResearchService),
    foreman: app.get(ForemanClient),
    inbox: app.get(WebhookInbox),
    webhookUrl: `${await app.getUrl()}/webhooks/foreman`,
    close: () => app.close(),
  };
}
