import type { Tx } from '@foreman/database';
import { Clock, DomainError } from '@foreman/kernel';
import { Injectable } from '@nestjs/common';

/** One use of an `Idempotency-Key`: whose, at which path, with which body. */
export interface IdempotentCall {
  readonly credentialId: string;
  readonly path: string;
  readonly key: string;
  /** Hex SHA-256 of the body's canonical JSON. */
  readonly bodySha256: string;
}

/**
 * Remembers what calls with an `Idempotency-Key` made. Both halves belong in the transaction of what
 * is made: then a repeat finds either nothing or all of it.
 */
@Injectable()
export class IdempotencyKeys {
  constructor(private readonly clock: Clock) {}

  /**
   * The answer of the first call with this key, or null when this is it.
   * @throws `idempotency.conflict` when the key came with another body before.
   */
  async remembered(tx: Tx, call: IdempotentCall): Promise<string | null> {
    const [row] = await tx.query<{ body_sha256: string; answer: string }>(
      `SELECT body_sha256, answer FROM idempotency_keys
       WHERE credential_id = ? AND path = ? AND idempotency_key = ?`,
      [call.credentialId, call.path, call.key],
    );
    if (row === undefined) return null;
    if (row.body_sha256 !== call.bodySha256) throw keyConflict();
    return row.answer;
  }

  /** Keeps `answer` (an id, say) for repeats. It must hold no secret: it is stored as it is. */
  async remember(tx: Tx, call: IdempotentCall, answer: string): Promise<void> {
    await tx.insert('idempotency_keys', {
      credential_id: call.credentialId,
      path: call.path,
      idempotency_key: call.key,
      body_sha256: call.bodySha256,
      answer,
      created_at: this.clock.now(),
    });
  }
}

export function keyConflict(): DomainError {
  return new DomainError(
    'idempotency.conflict',
    'This Idempotency-Key was used here before with another body.',
  );
}
