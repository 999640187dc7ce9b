import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ReadConnection, UnitOfWork, sqlList, type Queryable, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { uploadSwept } from './blob-registry';
import { BlobStore, MissingBytesError, type ByteRange } from './blob-store';
import { ReadTurns } from './read-turns';

/** 256 KiB are read in 0.5 to 1.5 ms, and written in one short bulk unit; a whole blob a row would block for long. */
export const CHUNK_BYTES = 262_144;

/** Chunks that one bulk unit deletes: at most 4 MiB of pages to give free. */
const DELETE_CHUNKS = 16;

/** Blobs in the job's own database (seed 002): one backup holds everything. */
@Injectable()
export class DatabaseBlobStore extends BlobStore {
  private readonly turns = new ReadTurns();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
  ) {
    super();
  }

  async write(key: string, body: AsyncIterable<Buffer>): Promise<number> {
    let size = 0;
    for await (const chunk of chunksOf(body)) {
      await this.unitOfWork.run((tx) => this.append(tx, key, size, chunk), 'bulk');
      size += chunk.length;
    }
    return size;
  }

  /** Writes a small blob inside the caller's transaction, which has added its key to the registry. */
  async writeIn(tx: Tx, key: string, bytes: Buffer): Promise<void> {
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
      await insertChunk(tx, key, start, bytes.subarray(start, start + CHUNK_BYTES));
    }
  }

  /** A small blob whole, also from inside a transaction; null if any of it is missing. */
  async readIn(db: Queryable, key: string, size: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    let length = 0;
    while (length < size) {
      const chunk = await chunkAt(db, key, length);
      if (chunk === null) return null;
      parts.push(chunk.bytes);
      length += chunk.bytes.length;
    }
    return Buffer.concat(parts);
  }

  async readWhole(key: string, size: number): Promise<Buffer | null> {
    return this.readIn(this.reads, key, size);
  }

  read(key: string, size: number, range?: ByteRange): Readable {
    const { start, end } = range ?? { start: 0, end: size - 1 };
    return Readable.from(this.pieces(key, start, end), { objectMode: false });
  }

  async delete(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const { marks, params } = sqlList(keys);
    const sql = `
      DELETE FROM blob_chunks WHERE (blob_key, start_byte) IN
        (SELECT blob_key, start_byte FROM blob_chunks WHERE blob_key IN (${marks}) LIMIT ?)`;
    let deleted = DELETE_CHUNKS;
    while (deleted === DELETE_CHUNKS) {
      deleted = await this.unitOfWork.run(
        (tx) => tx.execute(sql, [...params, DELETE_CHUNKS]),
        'bulk',
      );
    }
  }

  async stat(key: string): Promise<number | null> {
    const [row] = await this.reads.query<{ size: number | null }>(
      'SELECT max(start_byte + length(bytes)) AS size FROM blob_chunks WHERE blob_key = ?',
      [key],
    );
    return row?.size ?? null;
  }

  private async append(tx: Tx, key: string, startByte: number, bytes: Buffer): Promise<void> {
    const isOpen = await tx.execute(
      'UPDATE blobs SET written_at = ? WHERE key = ? AND size IS NULL AND released_at IS NULL',
      [this.clock.now(), key],
    );
    if (isOpen === 0) throw uploadSwept();
    await insertChunk(tx, key, startByte, bytes);
  }

  /** Each piece in a short statement of its own: a slow reader holds no snapshot. */
  private async *pieces(key: string, start: number, end: number): AsyncGenerator<Buffer> {
    let position = start;
    while (position <= end) {
      await this.turns.next();
      const chunk = await chunkAt(this.reads, key, position);
      if (chunk === null) throw new MissingBytesError(key, position);
      const from = position - chunk.startByte;
      const piece = chunk.bytes.subarray(
        from,
        Math.min(chunk.bytes.length, from + end - position + 1),
      );
      yield piece;
      position += piece.length;
    }
  }
}

async function insertChunk(tx: Tx, key: string, startByte: number, bytes: Buffer): Promise<void> {
  await tx.insert('blob_chunks', { blob_key: key, start_byte: startByte, bytes });
}

interface Chunk {
  readonly startByte: number;
  readonly bytes: Buffer;
}

/** The chunk that holds this byte. */
async function chunkAt(db: Queryable, key: string, position: number): Promise<Chunk | null> {
  const [row] = await db.query<{ start_byte: number; bytes: Buffer }>(CHUNK_AT, [key, position]);
  if (row === undefined || row.start_byte + row.bytes.length <= position) return null;
  return { startByte: row.start_byte, bytes: row.bytes };
}

export const CHUNK_AT = `
  SELECT start_byte, bytes FROM blob_chunks
  WHERE blob_key = ? AND start_byte <= ? ORDER BY start_byte DESC LIMIT 1`;

/**
 * Regroups whatever the network delivers into pieces of CHUNK_BYTES; the last may be shorter. All are the same buffer,
 * filled anew: each has to be done with when the next is asked for.
 */
async function* chunksOf(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let filled = 0;
  for await (const buffer of body) {
    for (let from = 0; from < buffer.length;) {
      const copied = buffer.copy(chunk, filled, from);
      filled += copied;
      from += copied;
      if (filled < CHUNK_BYTES) continue;
      yield chunk;
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}
