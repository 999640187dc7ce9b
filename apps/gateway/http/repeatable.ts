import { IdempotencyKeys, type Principal } from '@foreman/access';
import type { Tx } from '@foreman/database';
import type { Response } from 'express';
import type { IdempotencyHeader } from './idempotency-key';

/**
 * Makes something once for an `Idempotency-Key`: a repeat finds its id again instead, and the answer
 * says 200 where the first one said 201. @throws `idempotency.conflict`
 */
export async function madeOnce<T>(
  tx: Tx,
  keys: IdempotencyKeys,
  call: {
    readonly caller: Principal;
    readonly header: IdempotencyHeader | null;
    readonly response: Response;
  },
  make: () => Promise<{ readonly id: string; readonly answer: T }>,
  findAgain: (id: string) => Promise<T>,
): Promise<T> {
  if (call.header === null) return (await make()).answer;
  const use = { ...call.header, credentialId: call.caller.credentialId };
  const known = await keys.remembered(tx, use);
  if (known !== null) {
    call.response.status(200);
    return findAgain(known);
  }
  const { id, answer } = await make();
  await keys.remember(tx, use, id);
  return answer;
}
