import type { Queryable, Tx } from '@foreman/database';
import type { PageRequest } from '@foreman/kernel';
import { decodeCursor } from '@foreman/kernel';
import { ApiKeyEntity } from './api-key.entity';

/** The SQL of `api_keys`. */

export async function insertApiKey(tx: Tx, key: ApiKeyEntity): Promise<void> {
  await tx.insert('api_keys', {
    id: key.id,
    name: key.name,
    token_hash: key.tokenHash,
    scopes: JSON.stringify(key.scopes),
    is_from_settings: key.isFromSettings,
    created_at: key.createdAt,
    revoked_at: key.revokedAt,
  });
}

export async function apiKeyByHash(db: Queryable, tokenHash: string): Promise<ApiKeyEntity | null> {
  const [key] = await db.entities(ApiKeyEntity, `SELECT * FROM api_keys WHERE token_hash = ?`, [
    tokenHash,
  ]);
  return key ?? null;
}

export async function apiKeyById(db: Queryable, id: string): Promise<ApiKeyEntity | null> {
  const [key] = await db.entities(ApiKeyEntity, `SELECT * FROM api_keys WHERE id = ?`, [id]);
  return key ?? null;
}

/** Newest first, one more than asked for. */
export function apiKeysAfter(db: Queryable, page: PageRequest): Promise<ApiKeyEntity[]> {
  if (page.cursor === null) {
    return db.entities(
      ApiKeyEntity,
      `SELECT * FROM api_keys ORDER BY created_at DESC, id DESC LIMIT ?`,
      [page.limit + 1],
    );
  }
  return db.entities(
    ApiKeyEntity,
    `SELECT * FROM api_keys WHERE (created_at, id) < (?, ?)
     ORDER BY created_at DESC, id DESC LIMIT ?`,
    [...decodeCursor(page.cursor, 2), page.limit + 1],
  );
}

/** Answers how many there were that are live: 1 or 0. */
export function revokeApiKey(tx: Tx, id: string, now: number): Promise<number> {
  return tx.execute(`UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`, [
    now,
    id,
  ]);
}

/** Ends the settings' former admin tokens, all but the one with this hash. */
export async function revokeFormerSettingsKeys(
  tx: Tx,
  tokenHash: string,
  now: number,
): Promise<void> {
  await tx.execute(
    `UPDATE api_keys SET revoked_at = ?
     WHERE is_from_settings = 1 AND revoked_at IS NULL AND token_hash <> ?`,
    [now, tokenHash],
  );
}
