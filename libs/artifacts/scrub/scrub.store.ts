import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import { ArtifactScrubEntity } from './scrub.entity';

/** A blob that is to be read, and what its bytes must hash to. */
export interface ScrubbedBlob {
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
  /** That an earlier pass found it so. */
  readonly isMarked: boolean;
}

/** What has been done since it was last saved. */
export interface ScrubProgress {
  readonly afterKey: string;
  readonly blobs: number;
  readonly bytes: number;
  readonly corrupt: number;
  readonly unreadable: number;
}

/** A corrupt blob by what it belongs to: a job's artifact, or an input (all of these bytes). */
export interface CorruptBlob {
  readonly jobId: string | null;
  readonly name: string | null;
  readonly inputId: string | null;
  readonly size: number;
  readonly expectedSha256: string;
  readonly foundSha256: string | null;
  /** Epoch ms. */
  readonly foundAt: number;
}

/** The SQL of the scrub. */
@Injectable()
export class ScrubStore {
  async state(db: Queryable): Promise<ArtifactScrubEntity | null> {
    const [state] = await db.entities(ArtifactScrubEntity, STATE);
    return state ?? null;
  }

  /** Begins a pass, unless one is open. */
  async begin(tx: Tx, now: number): Promise<boolean> {
    return (await tx.execute(BEGIN, [now])) > 0;
  }

  /** Of the blobs after one key, up to another. */
  async next(
    db: Queryable,
    afterKey: string,
    endKey: string,
    limit: number,
  ): Promise<ScrubbedBlob[]> {
    const rows = await db.query<NextRow>(NEXT, [afterKey, endKey, limit]);
    return rows.map(({ key, size, sha256, is_marked }) => ({
      key,
      size: Number(size),
      sha256,
      isMarked: Number(is_marked) === 1,
    }));
  }

  /** Only of the pass that it belongs to. */
  async save(tx: Tx, startedAt: number, progress: ScrubProgress): Promise<void> {
    const { afterKey, blobs, bytes, corrupt, unreadable } = progress;
    await tx.execute(SAVE, [afterKey, blobs, bytes, corrupt, unreadable, startedAt]);
  }

  async finish(tx: Tx, startedAt: number, now: number): Promise<void> {
    await tx.execute(FINISH, [now, startedAt]);
  }

  /** False when nobody wants the blob any more: then its bytes may be gone. */
  async mark(
    tx: Tx,
    blob: Pick<ScrubbedBlob, 'key' | 'sha256'>,
    found: string | null,
    now: number,
  ): Promise<boolean> {
    return (await tx.execute(MARK, [blob.sha256, found, now, blob.key])) > 0;
  }

  async unmark(tx: Tx, key: string): Promise<void> {
    await tx.execute('DELETE FROM corrupt_blobs WHERE blob_key = ?', [key]);
  }

  async isCorrupt(db: Queryable, key: string): Promise<boolean> {
    return (await db.query('SELECT 1 FROM corrupt_blobs WHERE blob_key = ?', [key])).length > 0;
  }

  async corruptStaged(db: Queryable, taskId: string): Promise<string[]> {
    const rows = await db.query<{ name: string }>(CORRUPT_STAGED, [taskId]);
    return rows.map(({ name }) => name);
  }

  /** At most `limit`, the latest found first. */
  async corrupt(db: Queryable, limit: number): Promise<CorruptBlob[]> {
    const rows = await db.query<CorruptRow>(CORRUPT, [limit]);
    return rows.map((row) => ({
      jobId: row.job_id,
      name: row.name,
      inputId: row.input_id,
      size: Number(row.size),
      expectedSha256: row.expected_sha256,
      foundSha256: row.found_sha256,
      foundAt: Number(row.found_at),
    }));
  }
}

interface NextRow {
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
  readonly is_marked: number;
}

interface CorruptRow {
  readonly job_id: string | null;
  readonly name: string | null;
  readonly input_id: string | null;
  readonly size: number;
  readonly expected_sha256: string;
  readonly found_sha256: string | null;
  readonly found_at: number;
}

const STATE = 'SELECT * FROM artifact_scrub WHERE id = 1';

export const BEGIN = `
  INSERT INTO artifact_scrub
    (id, after_key, end_key, started_at, finished_at, blobs, bytes, corrupt, unreadable)
  VALUES (1, '', coalesce((SELECT max(key) FROM blobs), ''), ?, NULL, 0, 0, 0, 0)
  ON CONFLICT (id) DO UPDATE SET after_key = '', end_key = excluded.end_key,
    started_at = excluded.started_at, finished_at = NULL, blobs = 0, bytes = 0, corrupt = 0, unreadable = 0
  WHERE artifact_scrub.finished_at IS NOT NULL`;

/** In the order of their keys, which grow with time: what comes during a pass is the next one's. */
export const NEXT = `
  SELECT blobs.key, blobs.size, coalesce(artifacts.sha256, input_blobs.sha256) AS sha256,
    CASE WHEN corrupt_blobs.blob_key IS NULL THEN 0 ELSE 1 END AS is_marked
  FROM blobs
  LEFT JOIN artifacts ON artifacts.blob_key = blobs.key
  LEFT JOIN input_blobs ON input_blobs.blob_key = blobs.key
  LEFT JOIN corrupt_blobs ON corrupt_blobs.blob_key = blobs.key
  WHERE blobs.key > ? AND blobs.key <= ? AND blobs.size IS NOT NULL AND blobs.released_at IS NULL
    AND (artifacts.sha256 IS NOT NULL OR input_blobs.sha256 IS NOT NULL)
  ORDER BY blobs.key LIMIT ?`;

const SAVE = `
  UPDATE artifact_scrub SET after_key = ?, blobs = blobs + ?, bytes = bytes + ?,
    corrupt = corrupt + ?, unreadable = unreadable + ?
  WHERE id = 1 AND finished_at IS NULL AND started_at = ?`;

const FINISH = `
  UPDATE artifact_scrub SET finished_at = ? WHERE id = 1 AND finished_at IS NULL AND started_at = ?`;

const MARK = `
  INSERT INTO corrupt_blobs (blob_key, expected_sha256, found_sha256, found_at)
    SELECT key, ?, ?, CAST(? AS bigint) FROM blobs WHERE key = ? AND released_at IS NULL
  ON CONFLICT (blob_key) DO UPDATE SET found_sha256 = excluded.found_sha256`;

export const CORRUPT_STAGED = `
  SELECT artifacts.name FROM artifacts
  JOIN corrupt_blobs ON corrupt_blobs.blob_key = artifacts.blob_key
  WHERE artifacts.task_id = ? AND artifacts.state = 'staged'`;

/** Of inputs with the same bytes, the first stands for all. */
const CORRUPT = `
  SELECT artifacts.job_id, artifacts.name,
    (SELECT min(inputs.id) FROM inputs WHERE inputs.sha256 = input_blobs.sha256) AS input_id,
    blobs.size, corrupt_blobs.expected_sha256, corrupt_blobs.found_sha256, corrupt_blobs.found_at
  FROM corrupt_blobs
  JOIN blobs ON blobs.key = corrupt_blobs.blob_key
  LEFT JOIN artifacts ON artifacts.blob_key = corrupt_blobs.blob_key
  LEFT JOIN input_blobs ON input_blobs.blob_key = corrupt_blobs.blob_key
  WHERE blobs.released_at IS NULL
  ORDER BY corrupt_blobs.found_at DESC, corrupt_blobs.blob_key LIMIT ?`;
