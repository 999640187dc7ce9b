import type { Queryable } from '@foreman/database';

/**
 * A published artifact as its event freezes it: opaque here but for being JSON. Artifacts and webhooks are
 * siblings, so this is the shape that they share without importing each other.
 */
export interface WebhookArtifactRecord {
  readonly id: string;
  readonly jobId: string;
  readonly taskId: string | null;
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  readonly sha256: string;
  readonly blobKey: string;
  readonly publishedAt: number | null;
}

/** Where bodies get their artifacts from; an abstract class, so that it is its own injection token. */
export abstract class WebhookArtifactSource {
  /** The published artifacts of a job, `completion` first, then by name. */
  abstract list(db: Queryable, jobId: string): Promise<WebhookArtifactRecord[]>;
  /**
   * The contract's artifact objects, with at most `inlineBudgetBytes` of them inlined in that order;
   * 0: every one by url. `urlsExpireAt` (epoch ms): the urls are signed ones that work without a bearer token
   * until then; null: plain ones.
   */
  abstract of(
    jobId: string,
    records: WebhookArtifactRecord[],
    inlineBudgetBytes: number | null,
    urlsExpireAt: number | null,
  ): Promise<readonly object[]>;
}
