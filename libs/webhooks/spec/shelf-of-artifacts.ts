import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { WebhookArtifactSource, type WebhookArtifactRecord } from '../artifact-source';

/** Stands in for the sibling lib: what a test puts on it is published, inline within the budget. */
@Injectable()
export class ShelfOfArtifacts extends WebhookArtifactSource {
  private readonly published: WebhookArtifactRecord[] = [];

  put(jobId: string, name: string, size: number): void {
    this.published.push({
      id: `${jobId}/${name}`,
      jobId,
      taskId: null,
      name,
      contentType: 'text/plain',
      size,
      sha256: 'ab'.repeat(32),
      blobKey: `key of ${name}`,
      publishedAt: 1,
    });
  }

  async list(_db: Queryable, jobId: string): Promise<WebhookArtifactRecord[]> {
    return this.published.filter((record) => record.jobId === jobId);
  }

  async of(
    jobId: string,
    records: WebhookArtifactRecord[],
    inlineBudgetBytes: number | null,
    urlsExpireAt: number | null,
  ): Promise<readonly object[]> {
    let budget = inlineBudgetBytes ?? Infinity;
    return records.map(({ name, contentType, size, sha256 }) => {
      const isInline = budget > 0 && size <= budget;
      if (isInline) budget -= size;
      const inline = isInline ? 'x'.repeat(size) : null;
      const plain = `https://foreman.example/jobs/${jobId}/artifacts/${name}`;
      const signed = urlsExpireAt === null ? plain : `${plain}?expires=${urlsExpireAt}`;
      const url = isInline ? null : signed;
      return { name, content_type: contentType, size, inline, url, sha256 };
    });
  }
}
