import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Queryable, type SqlValue, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { RetentionSettings } from './retention.options';

export interface ExpiredKeys {
  readonly idempotencyKeys: number;
  readonly leaseRequests: number;
}

interface OldKey {
  readonly credential_id: string;
  readonly path: string;
  readonly idempotency_key: string;
  readonly created_at: number;
}

/** Keys that one bulk unit looks at. */
const BATCH = 200;
/** Ids that it looks for, in six tables, but for the first key, whatever it has: one of `POST /jobs/batch` has up to a thousand. */
const BATCH_IDS = 1000;
/**
 * Units of one run: with a run a minute this keeps up with 300 keys a second, and a walk over the keys
 * of a million living jobs is spread over many runs.
 */
const BATCHES_A_RUN = 100;

/** Where what a key made can be found by its id. */
const MADE = ['jobs', 'api_keys', 'enrolments', 'webhook_endpoints', 'releases', 'inputs'];

/** Forgets idempotency keys: after 24 h, unless what they made still lives (contract). */
@Injectable()
export class KeyExpiry {
  /** Where the last batch stopped, null at the end: keys of living things are old for long, and must not hide those behind them. */
  private after: OldKey | null = null;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly settings: RetentionSettings,
  ) {}

  /** A bounded number of bulk-lane batches of each kind: as many as are due, within a run's share. */
  async runOnce(): Promise<ExpiredKeys> {
    const before = this.clock.now() - this.settings.keyMs;
    return {
      idempotencyKeys: await this.forgetOldKeys(before),
      leaseRequests: await this.forgetLeaseRequests(before),
    };
  }

  private async forgetOldKeys(before: number): Promise<number> {
    let forgotten = 0;
    for (let batch = 0; batch < BATCHES_A_RUN; batch += 1) {
      const { after } = this;
      const unit = await this.unitOfWork.run((tx) => forgetKeys(tx, before, after), 'bulk');
      forgotten += unit.forgotten;
      this.after = unit.after;
      if (this.after === null) break;
    }
    return forgotten;
  }

  private async forgetLeaseRequests(before: number): Promise<number> {
    let forgotten = 0;
    for (let batch = 0; batch < BATCHES_A_RUN; batch += 1) {
      const deleted = await this.unitOfWork.run(
        (tx) => tx.execute(FORGET_LEASE_REQUESTS, [before, BATCH]),
        'bulk',
      );
      forgotten += deleted;
      if (deleted < BATCH) break;
    }
    return forgotten;
  }
}

/** Looks at the next keys; answers where it stopped, null at the end. */
async function forgetKeys(
  tx: Tx,
  before: number,
  from: OldKey | null,
): Promise<{ forgotten: number; after: OldKey | null }> {
  const old = await tx.query<OldKey>(OLD_KEYS, [before, ...placeOf(from), BATCH]);
  let forgotten = 0;
  let idsLeft = BATCH_IDS;
  let after = from;
  for (const key of old) {
    // One by one: the answers of 200 such keys are megabytes, most of them for a later unit.
    const ids = await madeBy(tx, key);
    if (ids.length > idsLeft && idsLeft < BATCH_IDS) return { forgotten, after };
    idsLeft -= ids.length;
    if (!(await livesOn(tx, ids))) forgotten += await tx.execute(FORGET_KEY, primaryKey(key));
    after = key;
  }
  return { forgotten, after: old.length < BATCH ? null : after };
}

/** Before every key, where nothing was looked at yet. */
function placeOf(key: OldKey | null): SqlValue[] {
  return key === null ? [0, '', '', ''] : [key.created_at, ...primaryKey(key)];
}

function primaryKey(key: OldKey): SqlValue[] {
  return [key.credential_id, key.path, key.idempotency_key];
}

async function madeBy(db: Queryable, key: OldKey): Promise<string[]> {
  const [row] = await db.query<{ answer: string }>(ANSWER, primaryKey(key));
  return row === undefined ? [] : madeIds(row.answer);
}

/** A key remembers the id of what it made, or a JSON list of ids. */
function madeIds(answer: string): string[] {
  if (!answer.startsWith('[')) return [answer];
  const ids: unknown = JSON.parse(answer);
  return Array.isArray(ids) ? ids.map(String) : [];
}

async function livesOn(db: Queryable, ids: readonly SqlValue[]): Promise<boolean> {
  if (ids.length === 0) return false;
  const marks = ids.map(() => '?').join(', ');
  for (const table of MADE) {
    const found = await db.query(`SELECT 1 FROM ${table} WHERE id IN (${marks}) LIMIT 1`, ids);
    if (found.length > 0) return true;
  }
  return false;
}

/** Few keys have the same millisecond: they alone are sorted, by what tells them apart. */
export const OLD_KEYS = `
  SELECT credential_id, path, idempotency_key, created_at FROM idempotency_keys
  WHERE created_at < ? AND (created_at, credential_id, path, idempotency_key) > (?, ?, ?, ?)
  ORDER BY created_at, credential_id, path, idempotency_key LIMIT ?`;

const ANSWER = `
  SELECT answer FROM idempotency_keys WHERE credential_id = ? AND path = ? AND idempotency_key = ?`;

const FORGET_KEY = `
  DELETE FROM idempotency_keys WHERE credential_id = ? AND path = ? AND idempotency_key = ?`;

/** A request whose lease lives is repeated as long as it does. */
export const FORGET_LEASE_REQUESTS = `
  DELETE FROM lease_requests WHERE id IN
    (SELECT id FROM lease_requests WHERE created_at < ? AND NOT EXISTS
       (SELECT 1 FROM attempts
        WHERE attempts.lease_request_id = lease_requests.id AND attempts.outcome IS NULL)
     ORDER BY created_at LIMIT ?)`;
