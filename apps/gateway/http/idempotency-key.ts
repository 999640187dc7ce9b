import { canonicalJson, invalidField, sha256Hex } from '@foreman/kernel';
import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import type { Request } from 'express';

/** A call that may be repeated by its `Idempotency-Key`. */
export interface IdempotencyHeader {
  readonly key: string;
  /** The path as it was called, without its query and without a slash behind it. */
  readonly path: string;
  readonly bodySha256: string;
}

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,200}$/;

/** The `Idempotency-Key` of a call with a JSON body; null without one. @throws `request.invalid` */
export const Idempotency = createParamDecorator(
  (_: unknown, context: ExecutionContext): IdempotencyHeader | null => {
    const request = context.switchToHttp().getRequest<Request>();
    const key = keyOf(request);
    if (key === null) return null;
    const path = request.path.replace(/\/$/, '');
    return { key, path, bodySha256: sha256Hex(canonicalJson(request.body ?? {})) };
  },
);

/** The key alone, of a call whose body is hashed as it flows; null without one. @throws `request.invalid` */
export const IdempotencyKey = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | null =>
    keyOf(context.switchToHttp().getRequest<Request>()),
);

function keyOf(request: Request): string | null {
  const key = request.get('Idempotency-Key');
  if (key === undefined) return null;
  if (!PRINTABLE_ASCII.test(key)) {
    throw invalidField('Idempotency-Key', 'must be 1 to 200 printable ASCII characters');
  }
  return key;
}
