import { Injectable, Logger } from '@nestjs/common';
import {
  BadOnesApart,
  ReadConnection,
  UnitOfWork,
  type Queryable,
  type SqlValue,
} from '@foreman/database';
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

/** Keys of one page, and that one bulk unit forgets. */
const BATCH = 200;
/**
 * Pages of one run: with a run a minute this keeps up with 300 keys a second, and a walk over the keys
 * of a million living jobs is spread over many runs.
 */
const BATCHES_A_RUN = 100;

/** Where what a key made can be found by its id. */
const MADE = ['jobs', 'api_keys', 'enrolments', 'webhook_endpoints', 'releases', 'inputs'];

/** Forgets idempotency keys: after 24 h, unless what they made still lives (contract). */
@Injectable()
export class KeyExpiry {
  /** Where the last page stopped, null at the end: keys of living things are old for long, and must not hide those behind them. */
  private after: OldKey | null = null;
  private readonly apart: BadOnesApart;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly settings: RetentionSettings,
  ) {
    this.apart = new BadOnesApart(new Logger(KeyExpiry.name), clock);
  }

  /** A bounded number of pages and of bulk-lane batches: as many as are due, within a run's share. */
  async runOnce(): Promise<ExpiredKeys> {
    return {
      idempotencyKeys: await this.forgetOldKeys(),
      leaseRequests: await this.forgetLeaseRequests(),
    };
  }

  /** What is older is forgotten; epoch ms. */
  private get before(): number {
    return this.clock.now() - this.settings.keyMs;
  }

  private async forgetOldKeys(): Promise<number> {
    let forgotten = 0;
    for (let batch = 0; batch < BATCHES_A_RUN; batch += 1) {
      const params = [this.before, ...placeOf(this.after), BATCH];
      const old = await this.reads.query<OldKey>(OLD_KEYS, params);
      const { results } = await this.apart.each(
        old,
        (key) => primaryKey(key).join(' '),
        (keys) => this.forgetDead(keys),
      );
      for (const count of results) forgotten += count;
      this.after = old.length < BATCH ? null : (old.at(-1) ?? null);
      if (this.after === null) break;
    }
    return forgotten;
  }

  /** Looked at before the unit of work that forgets: what is gone does not come back under its id. */
  private async forgetDead(keys: readonly OldKey[]): Promise<number> {
    const dead: OldKey[] = [];
    for (const key of keys) {
      // One by one, with a turn of the event loop: one of `POST /jobs/batch` has up to a thousand ids.
      if (!(await livesOn(this.reads, await madeBy(this.reads, key)))) dead.push(key);
      await new Promise(setImmediate);
    }
    if (dead.length === 0) return 0;
    return this.unitOfWork.run(async (tx) => {
      let forgotten = 0;
      for (const key of dead) {
        forgotten += await tx.execute(FORGET_KEY, [...primaryKey(key), key.created_at]);
      }
      return forgotten;
    }, 'bulk');
  }

  private async forgetLeaseRequests(): Promise<number> {
    let forgotten = 0;
    for (let batch = 0; batch < BATCHES_A_RUN; batch += 1) {
      const deleted = await this.unitOfWork.run(
        (tx) => tx.execute(FORGET_LEASE_REQUESTS, [this.before, BATCH]),
        'bulk',
      );
      forgotten += deleted;
      if (deleted < BATCH) break;
    }
    return forgotten;
  }
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

/** The one that was looked at: it may have been forgotten and used anew since. */
const FORGET_KEY = `
  DELETE FROM idempotency_keys
  WHERE credential_id = ? AND path = ? AND idempotency_key = ? AND created_at = ?`;

/** A request whose lease lives is repeated as long as it does. */
export const FORGET_LEASE_REQUESTS = `
  DELETE FROM lease_requests WHERE id IN
    (SELECT id FROM lease_requests WHERE created_at < ? AND NOT EXISTS
       (SELECT 1 FROM attempts
        WHERE attempts.lease_request_id = lease_requests.id AND attempts.outcome IS NULL)
     ORDER BY created_at LIMIT ?)`;
