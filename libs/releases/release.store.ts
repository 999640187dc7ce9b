import type { Queryable, Tx } from '@foreman/database';
import { type PageRequest, type ReleaseManifest, decodeCursor } from '@foreman/kernel';
import { ReleaseEntity } from './release.entity';

/** The SQL of `releases`. */

export async function insertRelease(tx: Tx, release: ReleaseEntity): Promise<void> {
  await tx.insert('releases', {
    id: release.id,
    version: release.version,
    channel: release.channel,
    platform: release.platform,
    url: release.url,
    size: release.size,
    sha256: release.sha256,
    signature: release.signature,
    key_id: release.keyId,
    notes: release.notes,
    is_halted: release.isHalted,
    created_at: release.createdAt,
  });
}

export async function releaseById(db: Queryable, id: string): Promise<ReleaseEntity | null> {
  const [release] = await db.entities(ReleaseEntity, `SELECT * FROM releases WHERE id = ?`, [id]);
  return release ?? null;
}

export async function releaseByName(
  db: Queryable,
  { channel, platform, version }: Pick<ReleaseManifest, 'channel' | 'platform' | 'version'>,
): Promise<ReleaseEntity | null> {
  const [release] = await db.entities(
    ReleaseEntity,
    `SELECT * FROM releases WHERE channel = ? AND platform = ? AND version = ?`,
    [channel, platform, version],
  );
  return release ?? null;
}

/** Newest first, one more than asked for. */
export function releasesAfter(db: Queryable, page: PageRequest): Promise<ReleaseEntity[]> {
  if (page.cursor === null) {
    return db.entities(
      ReleaseEntity,
      `SELECT * FROM releases ORDER BY created_at DESC, id DESC LIMIT ?`,
      [page.limit + 1],
    );
  }
  return db.entities(
    ReleaseEntity,
    `SELECT * FROM releases WHERE (created_at, id) < (?, ?)
     ORDER BY created_at DESC, id DESC LIMIT ?`,
    [...decodeCursor(page.cursor, 2), page.limit + 1],
  );
}

/** The newest ones that may be offered, in no particular order of versions. */
export function offeredReleases(db: Queryable, limit: number): Promise<ReleaseEntity[]> {
  return db.entities(
    ReleaseEntity,
    `SELECT id, version, channel, platform, url, size, sha256, signature FROM releases
     WHERE is_halted = 0 ORDER BY created_at DESC, id DESC LIMIT ?`,
    [limit],
  );
}

/** Another signature of the same package, by a newer key, say; `notes` stay where null is given. */
export async function replaceSignature(
  tx: Tx,
  { id, signature, keyId, notes }: Pick<ReleaseEntity, 'id' | 'signature' | 'keyId' | 'notes'>,
): Promise<void> {
  await tx.execute(
    `UPDATE releases SET signature = ?, key_id = ?, notes = coalesce(?, notes) WHERE id = ?`,
    [signature, keyId, notes, id],
  );
}

/** 0 when there is no such release. */
export function setHalted(tx: Tx, id: string, isHalted: boolean): Promise<number> {
  return tx.execute(`UPDATE releases SET is_halted = ? WHERE id = ?`, [isHalted, id]);
}
