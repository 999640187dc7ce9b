import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** The bearer token of `Authorization`, or null when there is none (RFC 6750, 2.1). */
export function bearerTokenOf(request: Request): string | null {
  const header = request.get('Authorization');
  return header === undefined ? null : (/^Bearer +(\S+) *$/i.exec(header)?.[1] ?? '');
}

/** The caller's bearer token as a handler's argument: only enrolment reads it itself. */
export const BearerToken = createParamDecorator((_: unknown, context: ExecutionContext) =>
  bearerTokenOf(context.switchToHttp().getRequest<Request>()),
);
