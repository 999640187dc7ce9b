import { Injectable, Logger } from '@nestjs/common';
import { UnitOfWork, sqlList, type Queryable, type SqlValue, type Tx } from '@foreman/database';
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
}

/** Keys that one bulk unit looks at. */
const BATCH = 200;
/** Ids that it looks for, in six tables, but for the first key, whatever it has: one of `POST /jobs/batch` has up to a thousand. */
const BATCH_IDS = 1000;
/** Units of one run: with a run a minute this keeps up with 300 keys a second. */
const BATCHES_A_RUN = 100;

/** Where what a key made can be found by its id. Removing a row there lets the keys go that it holds (a trigger). */
const MADE = ['jobs', 'api_keys', 'enrolments', 'webhook_endpoints', 'releases', 'inputs'];

/**
 * Forgets idempotency keys: after 24 h, unless what they made still lives (contract). A key is looked at when it is old,
 * and then held by something that it made and that lives; it is looked at again when that has been removed. So
 * keys of living things, of which there may be a million, cost a run nothing.
 */
@Injectable()
export class KeyExpiry {
  private readonly logger = new Logger(KeyExpiry.name);

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
      const unit = await this.unitOfWork.run((tx) => lookAtKeys(tx, before, this.logger), 'bulk');
      forgotten += unit.forgotten;
      if (unit.isLast) break;
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

/** Forgets or holds each key that it looks at, so that the next unit finds the next ones. */
async function lookAtKeys(
  tx: Tx,
  before: number,
  logger: Logger,
): Promise<{ forgotten: number; isLast: boolean }> {
  const old = await tx.query<OldKey>(OLD_KEYS, [before, BATCH]);
  let forgotten = 0;
  let idsLeft = BATCH_IDS;
  for (const key of old) {
    // One by one: the answers of 200 such keys are megabytes, most of them for a later unit.
    const ids = await madeBy(tx, key, logger);
    if (ids.length > idsLeft && idsLeft < BATCH_IDS) return { forgotten, isLast: false };
    idsLeft -= ids.length;
    const holder = await livingOf(tx, ids);
    if (holder === null) forgotten += await tx.execute(FORGET_KEY, primaryKey(key));
    else await tx.execute(HOLD_KEY, [holder, ...primaryKey(key)]);
  }
  return { forgotten, isLast: old.length < BATCH };
}

function primaryKey(key: OldKey): SqlValue[] {
  return [key.credential_id, key.path, key.idempotency_key];
}

/** None of an answer that cannot be read: no repeat can be told it, so the key is of no use, and must stop no other. */
async function madeBy(db: Queryable, key: OldKey, logger: Logger): Promise<string[]> {
  const [row] = await db.query<{ answer: string }>(ANSWER, primaryKey(key));
  try {
    return row === undefined ? [] : madeIds(row.answer);
  } catch (error) {
    logger.error(error, `The answer of an idempotency key cannot be read: ${key.path}`);
    return [];
  }
}

/** A key remembers the id of what it made, or a JSON list of ids. */
function madeIds(answer: string): string[] {
  if (!answer.startsWith('[')) return [answer];
  const ids: unknown = JSON.parse(answer);
  return Array.isArray(ids) ? ids.map(String) : [];
}

/** The youngest of them that lives: mostly it is the last to go, so that a key of a thousand jobs is not looked at a thousand times. */
async function livingOf(db: Queryable, ids: readonly SqlValue[]): Promise<string | null> {
  const { marks, params } = sqlList(ids);
  for (const table of MADE) {
    const [found] = await db.query<{ id: string }>(
      `SELECT id FROM ${table} WHERE id IN (${marks}) ORDER BY id DESC LIMIT 1`,
      params,
    );
    if (found !== undefined) return found.id;
  }
  return null;
}

export const OLD_KEYS = `
  SELECT credential_id, path, idempotency_key FROM idempotency_keys
  WHERE holder_id IS NULL AND created_at < ? ORDER BY created_at LIMIT ?`;

const ANSWER = `
  SELECT answer FROM idempotency_keys WHERE credential_id = ? AND path = ? AND idempotency_key = ?`;

const FORGET_KEY = `
  DELETE FROM idempotency_keys WHERE credential_id = ? AND path = ? AND idempotency_key = ?`;

const HOLD_KEY = `
  UPDATE idempotency_keys SET holder_id = ?
  WHERE credential_id = ? AND path = ? AND idempotency_key = ?`;

/** A request whose lease lives is repeated as long as it does. */
export const FORGET_LEASE_REQUESTS = `
  DELETE FROM lease_requests WHERE id IN
    (SELECT id FROM lease_requests WHERE created_at < ? AND NOT EXISTS
       (SELECT 1 FROM attempts
        WHERE attempts.lease_request_id = lease_requests.id AND attempts.outcome IS NULL)
     ORDER BY created_at LIMIT ?)`;
