import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '@foreman/database';
import type { ArrivedBytes } from '../blob-intake';
import { BlobRegistry } from '../blob-registry';
import { SoundBlobs } from '../scrub/sound-blobs';
import { InputTotals } from '../stats/input-totals';

/**
 * Bytes by their digest, kept once and counted. Each count is changed by one statement on its own row,
 * so that an input which takes bytes up and another which lets the last of them go cannot miss each other.
 * Bytes that were found damaged are replaced, for all inputs that have them, by the next that arrive.
 */
@Injectable()
export class InputBlobs {
  constructor(
    private readonly blobs: BlobRegistry,
    private readonly sound: SoundBlobs,
    private readonly totals: InputTotals,
  ) {}

  /**
   * Gives these bytes one more input: keeps them, or lets them go when they are here already, and not marked as
   * damaged. True when they were kept.
   */
  async take(tx: Tx, bytes: ArrivedBytes, now: number): Promise<boolean> {
    const [known] = await tx.query<BlobRow>(COUNT_UP, [bytes.sha256]);
    if (known !== undefined) {
      await this.totals.added(tx, 0);
      return this.renewKnown(tx, known.blob_key, bytes, now);
    }
    await bytes.keep(tx);
    const [kept] = await tx.query<BlobRow>(ADD, [bytes.sha256, bytes.key, bytes.size]);
    // On a database with many writers another may have kept the same bytes just now.
    const isFirst = kept?.blob_key === bytes.key;
    if (!isFirst) await this.blobs.release(tx, bytes.key, now);
    await this.totals.added(tx, isFirst ? bytes.size : 0);
    return isFirst;
  }

  /**
   * For an input that has these bytes already: keeps them in the place of damaged ones, else lets them go. True
   * when they were kept.
   */
  async renew(tx: Tx, bytes: ArrivedBytes, now: number): Promise<boolean> {
    const [known] = await tx.query<BlobRow>(FIND, [bytes.sha256]);
    if (known === undefined) throw new Error('A stored input has no bytes');
    return this.renewKnown(tx, known.blob_key, bytes, now);
  }

  /** Whether the bytes with this digest were found damaged. */
  async areDamaged(db: Queryable, sha256: string): Promise<boolean> {
    const [known] = await db.query<BlobRow>(FIND, [sha256]);
    return known !== undefined && (await this.sound.isMarked(db, known.blob_key));
  }

  /** Reads those with this digest: whether they are what came, and not marked. What is damaged is marked then. */
  async areSound(db: Queryable, sha256: string): Promise<boolean> {
    const [known] = await db.query<StoredRow>(FIND, [sha256]);
    if (known === undefined) return true;
    const { blob_key: blobKey, size } = known;
    if (await this.sound.isMarked(db, blobKey)) return false;
    return this.sound.areSound({ blobKey, size: Number(size), sha256 });
  }

  /** One input fewer has these bytes; with the last one they are released. */
  async letGo(tx: Tx, sha256: string, now: number): Promise<void> {
    await tx.execute('UPDATE input_blobs SET refs = refs - 1 WHERE sha256 = ?', [sha256]);
    const [gone] = await tx.query<StoredRow>(
      'DELETE FROM input_blobs WHERE sha256 = ? AND refs = 0 RETURNING blob_key, size',
      [sha256],
    );
    if (gone !== undefined) await this.blobs.release(tx, gone.blob_key, now);
    await this.totals.removed(tx, Number(gone?.size ?? 0));
  }

  private async renewKnown(
    tx: Tx,
    known: string,
    bytes: ArrivedBytes,
    now: number,
  ): Promise<boolean> {
    if (!(await this.sound.isMarked(tx, known))) {
      await bytes.letGo(tx);
      return false;
    }
    await bytes.keep(tx);
    const renewed = await tx.execute(RENEW, [bytes.key, bytes.sha256, known]);
    // On a database with many writers another may have replaced them just now.
    await this.blobs.release(tx, renewed > 0 ? known : bytes.key, now);
    return renewed > 0;
  }
}

interface BlobRow {
  readonly blob_key: string;
}

interface StoredRow extends BlobRow {
  readonly size: number;
}

const FIND = 'SELECT blob_key, size FROM input_blobs WHERE sha256 = ?';

const COUNT_UP = 'UPDATE input_blobs SET refs = refs + 1 WHERE sha256 = ? RETURNING blob_key';

const ADD = `
  INSERT INTO input_blobs (sha256, blob_key, size, refs) VALUES (?, ?, ?, 1)
  ON CONFLICT (sha256) DO UPDATE SET refs = input_blobs.refs + 1 RETURNING blob_key`;

const RENEW = 'UPDATE input_blobs SET blob_key = ? WHERE sha256 = ? AND blob_key = ?';
