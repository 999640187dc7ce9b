import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import type { ArrivedBytes } from '../blob-intake';
import { BlobRegistry } from '../blob-registry';
import { InputTotals } from '../stats/input-totals';

/**
 * Bytes by their digest, kept once and counted. Each count is changed by one statement on its own row,
 * so that an input which takes bytes up and another which lets the last of them go cannot miss each other.
 */
@Injectable()
export class InputBlobs {
  constructor(
    private readonly blobs: BlobRegistry,
    private readonly totals: InputTotals,
  ) {}

  /** Gives these bytes one more input: keeps them, or lets them go when they are here already. */
  async take(tx: Tx, bytes: ArrivedBytes, now: number): Promise<void> {
    const known = await tx.execute('UPDATE input_blobs SET refs = refs + 1 WHERE sha256 = ?', [
      bytes.sha256,
    ]);
    if (known > 0) {
      await bytes.letGo(tx);
      await this.totals.added(tx, 0);
      return;
    }
    await bytes.keep(tx);
    const [kept] = await tx.query<{ blob_key: string }>(ADD, [bytes.sha256, bytes.key, bytes.size]);
    // On a database with many writers another may have kept the same bytes just now.
    const isFirst = kept?.blob_key === bytes.key;
    if (!isFirst) await this.blobs.release(tx, bytes.key, now);
    await this.totals.added(tx, isFirst ? bytes.size : 0);
  }

  /** One input fewer has these bytes; with the last one they are released. */
  async letGo(tx: Tx, sha256: string, now: number): Promise<void> {
    await tx.execute('UPDATE input_blobs SET refs = refs - 1 WHERE sha256 = ?', [sha256]);
    const [gone] = await tx.query<{ blob_key: string; size: number }>(
      'DELETE FROM input_blobs WHERE sha256 = ? AND refs = 0 RETURNING blob_key, size',
      [sha256],
    );
    if (gone !== undefined) await this.blobs.release(tx, gone.blob_key, now);
    await this.totals.removed(tx, Number(gone?.size ?? 0));
  }
}

const ADD = `
  INSERT INTO input_blobs (sha256, blob_key, size, refs) VALUES (?, ?, ?, 1)
  ON CONFLICT (sha256) DO UPDATE SET refs = input_blobs.refs + 1 RETURNING blob_key`;
