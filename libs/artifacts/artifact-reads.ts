import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { Queryable } from '@foreman/database';
import {
  DomainError,
  decodeCursor,
  isUuid,
  pageOf,
  type Page,
  type PageRequest,
} from '@foreman/kernel';
import { COMPLETION } from './artifact-name';
import { artifactRecord, type ArtifactRecord } from './artifact-record';
import { ArtifactEntity } from './artifact.entity';
import type { ByteRange } from './blob-store';
import { SoundBlobs, type HashedBytes } from './scrub/sound-blobs';

interface NameRange {
  readonly prefix?: string;
  readonly after?: string;
  readonly limit: number;
}

/** Published artifacts of jobs that are not hidden. */
@Injectable()
export class ArtifactReads {
  constructor(private readonly sound: SoundBlobs) {}

  /** All of a job's, `completion` first, then by name. */
  async list(db: Queryable, jobId: string): Promise<ArtifactRecord[]> {
    return (await db.entities(ArtifactEntity, LIST, [jobId, COMPLETION])).map(artifactRecord);
  }

  /**
   * The same in pages, or only those whose names begin with `prefix`.
   * @throws `request.invalid` for a cursor that is not of this list.
   */
  async page(
    db: Queryable,
    jobId: string,
    page: PageRequest,
    prefix = '',
  ): Promise<Page<ArtifactRecord>> {
    const after = page.cursor === null ? ['', ''] : decodeCursor(page.cursor, 2).map(String);
    const [rank = '', name = ''] = after;
    const within = [prefix, prefix + AFTER_ALL_NAMES];
    const params = [COMPLETION, jobId, ...within, rank, rank, name, page.limit + 1];
    const rows = await db.entities(ArtifactEntity, PAGE, params);
    return pageOf(rows.map(artifactRecord), page.limit, (last) => [
      last.name === COMPLETION ? '0' : '1',
      last.name,
    ]);
  }

  /**
   * Names alone, at most `limit` of them, by name: those that begin with `prefix`, after another one ('' for
   * the first). Along the index, however many artifacts the job has.
   */
  async names(
    db: Queryable,
    jobId: string,
    { prefix = '', after = '', limit }: NameRange,
  ): Promise<string[]> {
    const rows = await db.query<{ name: string }>(NAMES, [
      jobId,
      prefix,
      prefix + AFTER_ALL_NAMES,
      after,
      limit,
    ]);
    return rows.map(({ name }) => name);
  }

  async find(db: Queryable, jobId: string, name: string): Promise<ArtifactRecord | null> {
    if (!isUuid(jobId)) return null;
    const [entity] = await db.entities(ArtifactEntity, FIND, [jobId, name]);
    return entity === undefined ? null : artifactRecord(entity);
  }

  /** @throws `artifact.not_found`. */
  async get(db: Queryable, jobId: string, name: string): Promise<ArtifactRecord> {
    const record = await this.find(db, jobId, name);
    if (record === null) throw notFound(jobId);
    return record;
  }

  /** Before its bytes are served. @throws `artifact.corrupt` when they are known not to be what came. */
  async assertSound(db: Queryable, record: ArtifactRecord): Promise<void> {
    if (await this.sound.isMarked(db, record.blobKey)) throw corrupt(record.name);
  }

  /** Its bytes. The stream fails if any of them vanish while it is read; damaged ones are marked. */
  open(record: HashedBytes, range?: ByteRange): Readable {
    return this.sound.read(record, range);
  }

  /** The bytes of a small one at once: a stream costs more than they do. Null when any of them are gone or damaged. */
  async bytesOf(record: HashedBytes): Promise<Buffer | null> {
    return this.sound.readWhole(record);
  }

  /**
   * The same for a download, outside of every transaction.
   * @throws `artifact.corrupt` for damaged ones, which are marked; `artifact.not_found` when it was removed just now.
   */
  async whole(record: Pick<ArtifactRecord, 'name' | 'jobId'> & HashedBytes): Promise<Buffer> {
    const bytes = await this.sound.whole(record);
    if (bytes === 'damaged') throw corrupt(record.name);
    if (bytes === 'gone') throw notFound(record.jobId);
    return bytes;
  }
}

function notFound(jobId: string): DomainError {
  return new DomainError('artifact.not_found', `Job ${jobId} has no artifact of that name.`);
}

function corrupt(name: string): DomainError {
  return new DomainError(
    'artifact.corrupt',
    `The stored bytes of ${name} are damaged: they are not served. Run the job again, or restore a backup.`,
  );
}

const IS_VISIBLE = `state = 'published'
    AND EXISTS (SELECT 1 FROM jobs WHERE jobs.id = artifacts.job_id AND jobs.hidden_at IS NULL)`;

export const LIST = `
  SELECT * FROM artifacts WHERE job_id = ? AND ${IS_VISIBLE}
  ORDER BY CASE WHEN name = ? THEN '0' ELSE '1' END, name`;

const PAGE = `
  SELECT * FROM (
    SELECT artifacts.*, CASE WHEN name = ? THEN '0' ELSE '1' END AS place
    FROM artifacts WHERE job_id = ? AND name >= ? AND name < ? AND ${IS_VISIBLE}) listed
  WHERE place > ? OR (place = ? AND name > ?)
  ORDER BY place, name LIMIT ?`;

/** Names are ASCII, and compared by their bytes; this is greater than each of their characters. */
const AFTER_ALL_NAMES = '~';

export const NAMES = `
  SELECT name FROM artifacts
  WHERE job_id = ? AND name >= ? AND name < ? AND name > ? AND ${IS_VISIBLE}
  ORDER BY name LIMIT ?`;

export const FIND = `SELECT * FROM artifacts WHERE job_id = ? AND name = ? AND ${IS_VISIBLE}`;
