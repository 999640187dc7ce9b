import type { Queryable, Tx } from '@foreman/database';
import { keyConflict } from './idempotency-keys';

/** One use of an `Idempotency-Key` by a call that a lease may make often. */
export interface LeaseCall {
  /** As the fence answered it; its attempt names the lease. */
  readonly task: { readonly id: string; readonly attempt: number };
  /** What was called, within the task: a key belongs to it. */
  readonly call: string;
  /** Null or absent: the call came without one, and nothing is asked or kept. */
  readonly key: string | null | undefined;
}

/**
 * Of a lease the latest so many keys are remembered, some 300 KB; the next one takes the place of the oldest. Refusing it
 * would cost a long task its work, while a copy that comes after a thousand newer calls is not to be expected.
 */
export const LEASE_KEYS_LIMIT = 1000;

/**
 * Whether a call with this key was accepted under this lease: then it is a copy, and must change nothing. Ask in each
 * transaction that would change something, because the first of two copies may be through in between.
 * @param bodySha256 hex, once the body has come.
 * @throws `idempotency.conflict` when the body is known, and is not the one that was accepted.
 */
export async function isLeaseKeyUsed(
  db: Queryable,
  { task, call, key = null }: LeaseCall,
  bodySha256?: string,
): Promise<boolean> {
  if (key === null) return false;
  const values = [task.id, task.attempt, call, key];
  const [used] = await db.query<{ body_sha256: string }>(FIND_LEASE_KEY, values);
  if (used === undefined) return false;
  if (bodySha256 !== undefined && bodySha256 !== used.body_sha256) throw keyConflict();
  return true;
}

/**
 * Remembers the key in the transaction that completes its call. A later lease forgets those of the leases before it with its
 * own first key; removing the task removes all.
 */
export async function rememberLeaseKey(
  tx: Tx,
  { task, call, key = null }: LeaseCall,
  bodySha256: string,
): Promise<void> {
  if (key === null) return;
  const lease = [task.id, task.attempt];
  const values = [...lease, call, key, bodySha256, ...lease];
  const [added] = await tx.query<{ number: number }>(ADD_LEASE_KEY, values);
  const number = Number(added?.number ?? 0);
  if (number === 1) await tx.execute(FORGET_OLDER_LEASES, lease);
  if (number > LEASE_KEYS_LIMIT) {
    await tx.execute(FORGET_OLDEST_KEYS, [...lease, number - LEASE_KEYS_LIMIT]);
  }
}

export const FIND_LEASE_KEY = `
  SELECT body_sha256 FROM lease_keys
  WHERE task_id = ? AND attempt = ? AND call = ? AND idempotency_key = ?`;

export const ADD_LEASE_KEY = `
  INSERT INTO lease_keys (task_id, attempt, number, call, idempotency_key, body_sha256)
  SELECT ?, ?, coalesce(max(number), 0) + 1, ?, ?, ?
  FROM lease_keys WHERE task_id = ? AND attempt = ?
  ON CONFLICT (task_id, attempt, call, idempotency_key) DO NOTHING
  RETURNING number`;

export const FORGET_OLDER_LEASES = 'DELETE FROM lease_keys WHERE task_id = ? AND attempt < ?';

export const FORGET_OLDEST_KEYS = `
  DELETE FROM lease_keys WHERE task_id = ? AND attempt = ? AND number <= ?`;
