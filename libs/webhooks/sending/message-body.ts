import { Injectable } from '@nestjs/common';
import { isoTime } from '@foreman/kernel';
import { WebhookArtifactSource } from '../artifact-source';
import type { WebhookMessageEntity } from '../entities/message.entity';
import { WebhooksSettings } from '../webhooks.options';

/** Builds the contract's body from what its event froze. */
@Injectable()
export class MessageBody {
  constructor(
    private readonly artifacts: WebhookArtifactSource,
    private readonly settings: WebhooksSettings,
  ) {}

  /** `urlsOnly`: nothing is inlined, for a receiver that found the body too large. */
  async build(message: WebhookMessageEntity, urlsOnly: boolean): Promise<Buffer> {
    const { jobId, run, seq } = message;
    const budget = urlsOnly ? 0 : this.settings.inlineBudgetBytes;
    const links = this.settings.jobLinks?.(jobId);
    return Buffer.from(
      JSON.stringify({
        type: message.type,
        timestamp: isoTime(message.createdAt),
        data: {
          job: { ...message.job, ...(links === undefined ? {} : { links }), run, seq },
          artifacts: await this.artifacts.of(jobId, message.artifacts, budget),
        },
      }),
    );
  }
}
