import { IdempotencyKeys, type Principal } from '@foreman/access';
import type { Tx } from '@foreman/database';
import { DomainError } from '@foreman/kernel';
import { type Type, applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import type { Response } from 'express';
import type { IdempotencyHeader } from './idempotency-key';

/** The answer to a repeat of a call whose work was deleted or pruned since. */
export class GoneDto {
  /** Ids of what the first call made, and what is not there any more. Nothing is made again. */
  @ApiProperty({ type: [String], example: ['01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11'] })
  gone!: string[];
}

/** Documents the answer to a repeat of what may be gone by then. */
export function ApiRepeat(type: Type) {
  return applyDecorators(
    ApiExtraModels(type, GoneDto),
    ApiOkResponse({
      description:
        'A repeat of its Idempotency-Key; `gone` once what it made was deleted or pruned',
      schema: { oneOf: [type, GoneDto].map((one) => ({ $ref: getSchemaPath(one) })) },
    }),
  );
}

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
): Promise<T | GoneDto> {
  if (call.header === null) return (await make()).answer;
  const use = { ...call.header, credentialId: call.caller.credentialId };
  const known = await keys.remembered(tx, use);
  if (known !== null) {
    call.response.status(200);
    return (await unlessGone(findAgain(known))) ?? { gone: [known] };
  }
  const { id, answer } = await make();
  await keys.remember(tx, use, id);
  return answer;
}

/** Null when what was looked for is not there any more. */
export async function unlessGone<T>(finding: Promise<T>): Promise<T | null> {
  try {
    return await finding;
  } catch (error) {
    if (error instanceof DomainError && error.code.endsWith('.not_found')) return null;
    throw error;
  }
}
