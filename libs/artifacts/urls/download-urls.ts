import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { Clock, DomainError } from '@foreman/kernel';
import { ArtifactReads } from '../artifact-reads';
import type { ArtifactRecord } from '../artifact-record';
import type { UrlClaims } from './url-claims';
import { expiryOf, type IssuedUrl } from './url-lifetime';
import { readQuery, type UrlQuery } from './url-query';
import { UrlSigner } from './url-signer';

/** A signed URL of an artifact as it was called; `jobId` and `name` from its path. */
export interface CalledDownload {
  readonly jobId: string;
  readonly name: string;
  readonly query: UrlQuery;
}

/** URLs by which an artifact is fetched without a bearer token. */
@Injectable()
export class DownloadUrls {
  constructor(
    private readonly reads: ArtifactReads,
    private readonly signer: UrlSigner,
    private readonly clock: Clock,
  ) {}

  /**
   * For a published artifact, and for these bytes of it: what a later run publishes under the name is not served by
   * it. @throws `artifact.not_found`; `request.invalid` for the time.
   */
  async issue(
    db: Queryable,
    jobId: string,
    name: string,
    expiresSeconds?: number,
  ): Promise<IssuedUrl> {
    const expiresAt = expiryOf(expiresSeconds, this.clock.now());
    const record = await this.reads.get(db, jobId, name);
    return { url: this.signed(record, expiresAt), expiresAt };
  }

  /** `expiresAt`: epoch ms. */
  signed(
    { jobId, name, sha256 }: Pick<ArtifactRecord, 'jobId' | 'name' | 'sha256'>,
    expiresAt: number,
  ): string {
    return this.signer.sign(claimsOf(jobId, name, { expires: String(expiresAt), sha256 }));
  }

  /**
   * The artifact that the URL opens, judged before the database is asked.
   * @throws `auth.forbidden`; `artifact.not_found` when it is gone, or other bytes have taken its place.
   */
  async open(db: Queryable, { jobId, name, query }: CalledDownload): Promise<ArtifactRecord> {
    const { params, seal } = readQuery(query, ['sha256']);
    this.signer.check(claimsOf(jobId, name, params), seal, this.clock.now());
    const record = await this.reads.get(db, jobId, name);
    if (record.sha256 === params['sha256']) return record;
    throw new DomainError(
      'artifact.not_found',
      `Job ${jobId} has other bytes under that name than this URL was made for.`,
    );
  }
}

function claimsOf(jobId: string, name: string, params: UrlClaims['params']): UrlClaims {
  return { method: 'GET', path: ['jobs', jobId, 'artifacts', name], params };
}
