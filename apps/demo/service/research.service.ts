import { ForemanClient, type JobRequest, type SubmittedJob } from '@foreman/client';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type ReceivedWebhook, WebhookInbox } from './webhook-inbox';

/** What a service author writes: submit a job, and be told when it is done. */
@Injectable()
export class ResearchService implements OnModuleDestroy {
  constructor(
    @Inject(ForemanClient) private readonly foreman: ForemanClient,
    @Inject(WebhookInbox) private readonly inbox: WebhookInbox,
  ) {}

  /** Submits a job that reports to `webhookUrl` when it is finalized. */
  submit(job: JobRequest, webhookUrl: string): Promise<SubmittedJob> {
    const webhook = { url: webhookUrl, secret: this.inbox.secret };
    return this.foreman.submit({ ...job, webhook });
  }

  /** Its done-webhook. */
  finished(jobId: string): Promise<ReceivedWebhook> {
    return this.inbox.about(jobId);
  }

  onModuleDestroy(): Promise<void> {
    return this.foreman.close();
  }
}
