import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { COMPLETION, publicName } from './artifact-name';
import type { ArtifactObject } from './artifact-object';
import { ArtifactReads } from './artifact-reads';
import type { ArtifactRecord } from './artifact-record';
import { ArtifactsSettings } from './artifacts.options';
import { DownloadUrls } from './urls/download-urls';
import { inlineValue, mayBeInline, type InlineValue } from './inline-value';

/** What is read and parsed in one turn of the event loop: an answer of many values lets others run between. */
const TURN_BYTES = 65_536;
/** What reading one value costs besides its bytes. */
const READ_COST_BYTES = 1024;

/** Named bytes in a blob: a job's artifact, or a task's input. */
export type StoredBytes = Pick<
  ArtifactRecord,
  'name' | 'contentType' | 'size' | 'sha256' | 'blobKey'
>;

/** Artifact objects, by value or by URL; also what webhooks take artifacts from. */
@Injectable()
export class ArtifactObjects {
  constructor(
    private readonly reads: ArtifactReads,
    private readonly settings: ArtifactsSettings,
    private readonly downloadUrls: DownloadUrls,
  ) {}

  async list(db: Queryable, jobId: string): Promise<ArtifactRecord[]> {
    return this.reads.list(db, jobId);
  }

  /** A job's, as `describe` says; with `urlsExpireAt` (epoch ms) by URLs that work without a bearer token until then. */
  async of(
    jobId: string,
    records: readonly ArtifactRecord[],
    inlineBudgetBytes: number | null,
    urlsExpireAt: number | null = null,
  ): Promise<ArtifactObject[]> {
    return this.describe(records, inlineBudgetBytes, (name, sha256) =>
      urlsExpireAt === null
        ? this.settings.urlOf(jobId, name)
        : this.downloadUrls.signed({ jobId, name, sha256 }, urlsExpireAt),
    );
  }

  /**
   * The objects in the order of `completion` first, then by name. What may be inlined is, while all
   * that is inlined stays within `inlineBudgetBytes` (null: no such limit; 0: every one by URL). The
   * budget counts what stands in the body: the larger of the stored and the written-out value.
   */
  async describe(
    records: readonly StoredBytes[],
    inlineBudgetBytes: number | null,
    urlOf: (name: string, sha256: string) => string,
  ): Promise<ArtifactObject[]> {
    const objects: ArtifactObject[] = [];
    let budget = inlineBudgetBytes ?? Infinity;
    let turn = TURN_BYTES;
    for (const record of [...records].sort(byPlace)) {
      if (turn <= 0) {
        await new Promise(setImmediate);
        turn = TURN_BYTES;
      }
      const isRead = budget >= record.size && this.mayBeInline(record);
      const value = isRead ? await this.valueOf(record) : null;
      if (isRead) turn -= record.size + READ_COST_BYTES;
      const cost = value === null ? 0 : inlineCost(record, value);
      const isInline = value !== null && budget > 0 && cost <= budget;
      if (isInline) budget -= cost;
      objects.push({
        name: record.name,
        content_type: record.contentType,
        size: record.size,
        inline: isInline ? value : null,
        url: isInline ? null : urlOf(record.name, record.sha256),
        sha256: record.sha256,
      });
    }
    return objects;
  }

  /** A staged artifact as its sender is told: by the URL under which it will be once its task has completed. */
  async staged(db: Queryable, record: ArtifactRecord): Promise<ArtifactObject> {
    const [task] = await db.query<{ task_index: number; task_count: number }>(
      `SELECT tasks.task_index, jobs.task_count FROM tasks JOIN jobs ON jobs.id = tasks.job_id
       WHERE tasks.id = ?`,
      [record.taskId],
    );
    const isOnlyTask = task === undefined || task.task_count === 1;
    return {
      name: record.name,
      content_type: record.contentType,
      size: record.size,
      inline: null,
      url: this.settings.urlOf(
        record.jobId,
        publicName(isOnlyTask, task?.task_index ?? 0, record.name),
      ),
      sha256: record.sha256,
    };
  }

  private mayBeInline({ contentType, size }: StoredBytes): boolean {
    return mayBeInline(contentType, size, this.settings.inlineLimitBytes);
  }

  /** Null too when the bytes are gone: a frozen message outlives the blobs of an earlier run. */
  private async valueOf(record: StoredBytes): Promise<InlineValue | null> {
    const bytes = await this.reads.bytesOf(record);
    return bytes === null ? null : inlineValue(record.contentType, bytes);
  }
}

function inlineCost(record: StoredBytes, inline: InlineValue): number {
  return Math.max(record.size, Buffer.byteLength(JSON.stringify(inline)));
}

function byPlace(a: StoredBytes, b: StoredBytes): number {
  const place = Number(b.name === COMPLETION) - Number(a.name === COMPLETION);
  return place !== 0 ? place : a.name < b.name ? -1 : Number(a.name > b.name);
}
