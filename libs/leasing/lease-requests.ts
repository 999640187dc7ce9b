import { Injectable } from '@nestjs/common';
import type { Tx } from '@foreman/database';
import { DomainError, IdSource, canonicalJson, sha256Hex } from '@foreman/kernel';
import { TaskEntity } from '@foreman/jobs';

export interface LeaseRequestKey {
  readonly edgeId: string;
  readonly path: string;
  readonly key: string;
  /** What was asked for, or its digest: another body under the same key is refused. */
  readonly body: unknown;
}

/**
 * Makes leasing repeatable: a request is remembered with its key, so that a lost answer is given again
 * instead of holding its tasks until they expire, and a late duplicate leases nothing.
 */
@Injectable()
export class LeaseRequests {
  constructor(private readonly ids: IdSource) {}

  /**
   * The tasks that an earlier request with this key leased and still holds; null when there was none.
   * @throws `idempotency.conflict` for another body; `idempotency.ended` when none of them lives.
   */
  async replay(tx: Tx, request: LeaseRequestKey): Promise<TaskEntity[] | null> {
    const knownId = await this.knownId(tx, request);
    if (knownId === null) return null;
    const living = await this.livingTasks(tx, knownId);
    if (living.length === 0) {
      throw new DomainError(
        'idempotency.ended',
        'The lease that this key made is over; nothing was leased. Ask again with a new key.',
      );
    }
    return living;
  }

  /** Lets a first use of the key and its repeats pass. @throws `idempotency.conflict` for another body. */
  async refuseOtherUse(tx: Tx, request: LeaseRequestKey): Promise<void> {
    await this.knownId(tx, request);
  }

  private async knownId(tx: Tx, request: LeaseRequestKey): Promise<string | null> {
    const [known] = await tx.query<{ id: string; body_sha256: string }>(
      'SELECT id, body_sha256 FROM lease_requests WHERE edge_id = ? AND path = ? AND idempotency_key = ?',
      [request.edgeId, request.path, request.key],
    );
    if (known === undefined) return null;
    if (known.body_sha256 !== bodySha256(request.body)) {
      throw new DomainError('idempotency.conflict', 'This key was used with another body.');
    }
    return known.id;
  }

  /** Tasks that are still leased under the request with this id. */
  async livingTasks(tx: Tx, leaseRequestId: string): Promise<TaskEntity[]> {
    return tx.entities(
      TaskEntity,
      `SELECT tasks.* FROM attempts
       JOIN tasks ON tasks.id = attempts.task_id AND tasks.lease_token = attempts.lease_token
       WHERE attempts.lease_request_id = ? AND tasks.status = 'leased'
       ORDER BY tasks.priority DESC, tasks.id`,
      [leaseRequestId],
    );
  }

  newId(): string {
    return this.ids.uuid();
  }

  /** Remembers a request, in the transaction of what it leased. */
  async remember(tx: Tx, id: string, request: LeaseRequestKey, now: number): Promise<void> {
    await tx.insert('lease_requests', {
      id,
      edge_id: request.edgeId,
      path: request.path,
      idempotency_key: request.key,
      body_sha256: bodySha256(request.body),
      created_at: now,
    });
  }
}

function bodySha256(body: unknown): string {
  return sha256Hex(canonicalJson(body));
}
