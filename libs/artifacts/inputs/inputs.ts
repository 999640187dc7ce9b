import { Injectable } from '@nestjs/common';
import { ReadConnection, type Queryable, type Tx } from '@foreman/database';
import { Clock, DomainError, IdSource, invalidField, isUuid } from '@foreman/kernel';
import { ArtifactsSettings } from '../artifacts.options';
import { BlobIntake, type ArrivedBytes } from '../blob-intake';
import { artifactLimit, tooLarge, type SizeLimit } from '../limits/size-limit';
import { UploadsUnderWay } from '../limits/uploads-under-way';
import { checkMediaType } from '../media-type';
import { UploadBody, type ExpectedDigests } from '../upload-body';
import { InputBlobs } from './input-blobs';
import { InputEntity } from './input.entity';
import { inputRecord, type InputRecord } from './input-record';

/** What is said of an input before its bytes come. */
export interface NewInput {
  /** Told to the edges that read it. */
  readonly contentType: string;
  /** In bytes; other bytes are refused. */
  readonly size?: number;
  /** Hex; other bytes are refused. */
  readonly sha256?: string;
  /** How long it is kept while no job names it; counted anew once its bytes have come. */
  readonly ttlSeconds?: number;
  readonly createdBy?: string;
}

export interface InputUpload {
  readonly inputId: string;
  /** As for artifacts: read only once the input was found, and not to its end when it is refused. */
  readonly body: AsyncIterable<Buffer>;
  readonly digests?: ExpectedDigests;
}

export interface UploadedInput {
  readonly input: InputRecord;
  /** False when these very bytes were there already, and not damaged. */
  readonly isNew: boolean;
}

interface RecordedInput extends UploadedInput {
  /** False when its bytes were let go, for the same are stored. */
  readonly isKept: boolean;
  readonly sha256: string;
}

/** Longer than anybody waits between upload and submission; what is used stays with its jobs anyway. */
const MAX_TTL_SECONDS = 31_536_000;
const SHA256_HEX = /^[0-9a-f]{64}$/i;

/** What services upload before they submit (issue "Inputs"); bytes never change once they are stored. */
@Injectable()
export class Inputs {
  constructor(
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly intake: BlobIntake,
    private readonly blobs: InputBlobs,
    private readonly underWay: UploadsUnderWay,
    private readonly settings: ArtifactsSettings,
  ) {}

  /** Makes room for one, without bytes. @throws `request.invalid`, `artifact.too_large`. */
  async create(tx: Tx, input: NewInput): Promise<InputRecord> {
    const { contentType, size, sha256, ttlSeconds = this.settings.inputTtlSeconds } = input;
    this.check(input);
    const now = this.clock.now();
    const [entity] = await tx.entities(InputEntity, INSERT, [
      this.ids.uuid(),
      contentType,
      size ?? null,
      sha256?.toLowerCase() ?? null,
      ttlSeconds,
      input.createdBy ?? null,
      now,
      now + ttlSeconds * 1000,
    ]);
    if (entity === undefined) throw new Error('INSERT ... RETURNING answered no row');
    return inputRecord(entity);
  }

  /** One that a new job could name, or that waits for its bytes. @throws `input.not_found`. */
  async get(db: Queryable, id: string): Promise<InputRecord> {
    return inputRecord(await this.visible(db, id));
  }

  /**
   * Streams the bytes in. The same bytes again are answered with what is there, or take the place of what was found
   * damaged; a stored input keeps its bytes. Bytes that are not kept because the same are there have those read: what
   * is damaged is marked, so that they replace it when they are sent again. Durable when it resolves.
   * @throws `input.not_found`, `input.conflict` for other bytes than are stored, `artifact.too_large`,
   * `artifact.digest_mismatch`, `request.invalid` for another size than was announced;
   * `server.busy` when a newer upload of it takes its place, or the stored bytes turn out to be damaged; whatever
   * `body` throws.
   */
  async put({ inputId, body, digests = {} }: InputUpload): Promise<UploadedInput> {
    const input = await this.visible(this.reads, inputId);
    return this.underWay.ofInput(inputId, body, async (flowing) => {
      const upload = new UploadBody(flowing, digests, this.limitOf(input));
      if (input.sha256 !== null && !(await this.blobs.areDamaged(this.reads, input.sha256))) {
        return this.compare(input, upload);
      }
      const { isKept, sha256, ...uploaded } = await this.intake.take(upload, nothing, (tx, bytes) =>
        this.record(tx, inputId, bytes),
      );
      if (!isKept) await this.assertSound(sha256);
      return uploaded;
    });
  }

  /** No new job can name it from here on; the jobs that do keep it. @throws `input.not_found`. */
  async remove(tx: Tx, id: string): Promise<void> {
    const now = this.clock.now();
    const hidden = isUuid(id) ? await tx.execute(HIDE, [now, now, id, now]) : 0;
    if (hidden === 0) throw notFound(id);
  }

  /** Where its bytes are put, and it is looked at. */
  urlOf(id: string): string {
    return this.settings.urlAt(`/inputs/${id}`);
  }

  /** Nothing is written for bytes that are there: they are hashed, and so are those. */
  private async compare(input: InputEntity, upload: UploadBody): Promise<UploadedInput> {
    for await (const piece of upload.pieces(nothing)) void piece;
    const sha256 = upload.verifiedSha256();
    if (sha256 !== input.sha256) throw conflict(input.id);
    await this.assertSound(sha256);
    return { input: inputRecord(input), isNew: false };
  }

  /** Of damaged ones nobody may be told that they are there. The bytes that would mend them have gone by. */
  private async assertSound(sha256: string): Promise<void> {
    if (!(await this.blobs.areSound(this.reads, sha256))) throw overtaken();
  }

  private async record(tx: Tx, id: string, bytes: ArrivedBytes): Promise<RecordedInput> {
    const { sha256 } = bytes;
    const now = this.clock.now();
    const input = await this.visible(tx, id);
    if (input.sha256 !== null) {
      // Another upload of it was faster, or these are to take the place of damaged ones.
      if (input.sha256 !== bytes.sha256) throw conflict(id);
      const isRenewed = await this.blobs.renew(tx, bytes, now);
      return { input: inputRecord(input), isNew: isRenewed, isKept: isRenewed, sha256 };
    }
    checkAnnounced(input, bytes);
    const isKept = await this.blobs.take(tx, bytes, now);
    const [stored] = await tx.entities(InputEntity, STORE, [
      bytes.sha256,
      bytes.size,
      now,
      now,
      id,
    ]);
    if (stored === undefined) throw overtaken();
    return { input: inputRecord(stored), isNew: true, isKept, sha256 };
  }

  /** More than was announced is not waited for. One that is stored says itself what is wrong with other bytes. */
  private limitOf({ sha256, announcedSize }: InputEntity): SizeLimit {
    const largest = artifactLimit(this.settings.maxBytes, 'An input');
    if (sha256 !== null || announcedSize === null || announcedSize > largest.bytes) return largest;
    return {
      bytes: announcedSize,
      refusal: () => invalidField('size', `was announced as ${announcedSize} bytes; more came`),
    };
  }

  private async visible(db: Queryable, id: string): Promise<InputEntity> {
    const params = [id, this.clock.now()];
    const [input] = isUuid(id) ? await db.entities(InputEntity, FIND, params) : [];
    if (input === undefined) throw notFound(id);
    return input;
  }

  private check({ contentType, size, sha256, ttlSeconds }: NewInput): void {
    checkMediaType(contentType, 'contentType');
    if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) {
      throw invalidField('size', 'must be a whole number of bytes');
    }
    if (size !== undefined && size > this.settings.maxBytes)
      throw tooLarge(this.settings.maxBytes, 'An input');
    if (sha256 !== undefined && !SHA256_HEX.test(sha256)) {
      throw invalidField('sha256', 'must be 64 hex digits');
    }
    const isTtl = (seconds: number) =>
      Number.isSafeInteger(seconds) && seconds >= 1 && seconds <= MAX_TTL_SECONDS;
    if (ttlSeconds !== undefined && !isTtl(ttlSeconds)) {
      throw invalidField('ttlSeconds', `must be a whole number from 1 to ${MAX_TTL_SECONDS}`);
    }
  }
}

async function nothing(): Promise<void> {}

function checkAnnounced(input: InputEntity, bytes: ArrivedBytes): void {
  const { announcedSize, announcedSha256 } = input;
  if (announcedSize !== null && announcedSize !== bytes.size) {
    throw invalidField('size', `was announced as ${announcedSize} bytes; ${bytes.size} came`);
  }
  if (announcedSha256 === null || announcedSha256 === bytes.sha256) return;
  throw new DomainError(
    'artifact.digest_mismatch',
    'The bytes that arrived do not have the sha-256 digest that was announced; send the right ones.',
    { algorithm: 'sha-256', expected: announcedSha256, actual: bytes.sha256 },
  );
}

function notFound(id: string): DomainError {
  return new DomainError('input.not_found', `There is no input ${id}, or its time is over.`);
}

function conflict(id: string): DomainError {
  return new DomainError(
    'input.conflict',
    `Input ${id} has other bytes; they never change. Make another input for these.`,
  );
}

function overtaken(): DomainError {
  return new DomainError('server.busy', 'The input changed at this moment; send the bytes again.', {
    retryAfterSeconds: 1,
  });
}

const INSERT = `
  INSERT INTO inputs (id, content_type, announced_size, announced_sha256, ttl_seconds, holds, created_by,
    created_at, expires_at)
  VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?) RETURNING *`;

const FIND = `
  SELECT * FROM inputs WHERE id = ? AND hidden_at IS NULL AND (holds > 0 OR expires_at > ?)`;

const STORE = `
  UPDATE inputs SET sha256 = ?, size = ?, stored_at = ?, expires_at = ? + ttl_seconds * 1000
  WHERE id = ? AND stored_at IS NULL AND hidden_at IS NULL RETURNING *`;

/** Its time is over with it: it goes once no job holds it. */
const HIDE = `
  UPDATE inputs SET hidden_at = ?, expires_at = ?
  WHERE id = ? AND hidden_at IS NULL AND (holds > 0 OR expires_at > ?)`;
