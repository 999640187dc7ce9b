import { Injectable } from '@nestjs/common';
import { isoTime } from '@foreman/kernel';
import { WebhookArtifactSource } from '../artifact-source';
import type { WebhookMessageEntity } from '../entities/message.entity';
import { WebhooksSettings } from '../webhooks.options';
import { artifactExpiry } from './artifact-expiry';
import { signedUrlExpiry } from './url-expiry';

/** How one try of a delivery departs from the plain body. */
export interface BodyForm {
  /** Nothing is inlined, for a receiver that found the body too large. */
  readonly urlsOnly: boolean;
  /** The urls work without a bearer token, as the endpoint asked. */
  readonly signedUrls: boolean;
  /** Of artifacts that are inlined, as the endpoint asked; null: the module's. */
  readonly inlineBudgetBytes: number | null;
  /** Of this try; epoch ms. */
  readonly now: number;
}

/** Builds the contract's body from what its event froze. */
@Injectable()
export class MessageBody {
  constructor(
    private readonly artifacts: WebhookArtifactSource,
    private readonly settings: WebhooksSettings,
  ) {}

  async build(message: WebhookMessageEntity, form: BodyForm): Promise<Buffer> {
    const { jobId, run, seq } = message;
    const budget = form.urlsOnly ? 0 : (form.inlineBudgetBytes ?? this.settings.inlineBudgetBytes);
    const urlsExpireAt = form.signedUrls ? signedUrlExpiry(message.createdAt, form.now) : null;
    const links = this.settings.jobLinks?.(jobId);
    const artifacts = await this.artifacts.of(jobId, message.artifacts, budget, urlsExpireAt);
    return Buffer.from(
      JSON.stringify({
        type: message.type,
        timestamp: isoTime(message.createdAt),
        data: {
          job: { ...message.job, ...(links === undefined ? {} : { links }), run, seq },
          artifacts: artifacts.map((artifact) => ({
            ...artifact,
            expires_at: artifactExpiry(artifact, message.job.expiresAt, urlsExpireAt),
          })),
        },
      }),
    );
  }
}
