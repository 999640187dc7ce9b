import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import { sha256Hex } from '@foreman/kernel';
import { COMPLETION, publicName } from './artifact-name';
import { artifactRecord, type ArtifactRecord } from './artifact-record';
import { ArtifactEntity } from './artifact.entity';
import { ArtifactsSettings } from './artifacts.options';
import { DatabaseBlobStore } from './database-blob-store';
import { inlineValue, mayBeInline } from './inline-value';

/** How many times the inline limit is read at most, for values that turn out not to be inlinable. */
const READ_FACTOR = 4;

/** Composes the `completion` of a job of many tasks. */
@Injectable()
export class JobCompletion {
  constructor(
    private readonly settings: ArtifactsSettings,
    private readonly blobs: DatabaseBlobStore,
  ) {}

  /**
   * `{"tasks": [value | {name, sha256, url} | null]}` by task index (contract). Every completion is a
   * reference at first; then, by index, its value takes the place as long as the whole document stays
   * within the inline limit.
   */
  async compose(db: Queryable, jobId: string, taskCount: number): Promise<Buffer> {
    const records = await this.completionsOf(db, jobId);
    const parts: string[] = [];
    for (let index = 0; index < taskCount; index += 1) {
      const record = records.get(publicName(false, index, COMPLETION));
      parts.push(record === undefined ? 'null' : this.reference(record));
    }
    await this.inlineWithin(db, records, parts);
    return Buffer.from(documentOf(parts));
  }

  private async inlineWithin(
    db: Queryable,
    records: ReadonlyMap<string, ArtifactRecord>,
    parts: string[],
  ): Promise<void> {
    const limit = this.settings.inlineLimitBytes;
    let size = Buffer.byteLength(documentOf(parts));
    let mayRead = limit * READ_FACTOR;
    for (const [index, reference] of parts.entries()) {
      const record = records.get(publicName(false, index, COMPLETION));
      if (record === undefined || record.size > mayRead) continue;
      const room = Math.max(0, limit - size) + Buffer.byteLength(reference);
      if (!mayBeInline(record.contentType, record.size, Math.min(limit, room))) continue;
      mayRead -= record.size;
      const value = await this.valueOf(db, record);
      const length = value === null ? Infinity : Buffer.byteLength(value);
      if (value === null || length > room) continue;
      parts[index] = value;
      size += length - Buffer.byteLength(reference);
    }
  }

  private async valueOf(db: Queryable, record: ArtifactRecord): Promise<string | null> {
    const bytes = await this.blobs.readIn(db, record.blobKey, record.size);
    // Damaged bytes must not get a sound digest of the job's own.
    const isSound = bytes !== null && sha256Hex(bytes) === record.sha256;
    const inline = isSound ? inlineValue(record.contentType, bytes) : null;
    return inline === null ? null : JSON.stringify(inline);
  }

  private reference({ jobId, name, sha256 }: ArtifactRecord): string {
    return JSON.stringify({ name, sha256, url: this.settings.urlOf(jobId, name) });
  }

  private async completionsOf(db: Queryable, jobId: string): Promise<Map<string, ArtifactRecord>> {
    const entities = await db.entities(ArtifactEntity, COMPLETIONS, [jobId, `.${COMPLETION}`]);
    return new Map(entities.map((entity) => [entity.name, artifactRecord(entity)]));
  }
}

function documentOf(parts: readonly string[]): string {
  return `{"tasks":[${parts.join(',')}]}`;
}

/** What a task published under the name that the job has for its completion. */
export const COMPLETIONS = `
  SELECT artifacts.* FROM artifacts JOIN tasks ON tasks.id = artifacts.task_id
  WHERE artifacts.job_id = ? AND artifacts.state = 'published'
    AND artifacts.name = tasks.task_index || ?`;
