import { applyDecorators } from '@nestjs/common';
import { ApiQuery, ApiSecurity } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems';

/** Name of the scheme in the OpenAPI document. */
export const SIGNED_SCHEME = 'signed';

/** A controller whose callers have a signed URL instead of a token: each handler judges it before anything else. */
export function SignedFace() {
  return applyDecorators(
    ApiSecurity(SIGNED_SCHEME),
    ApiProblems('auth.forbidden', 'internal', 'server.busy'),
  );
}

/** Documents the query of a signed URL, of which nothing is to be made up or left out. */
export function ApiSignedQuery(...names: string[]) {
  return applyDecorators(
    ...[...names, 'expires', 'key'].map((name) =>
      ApiQuery({ name, required: name !== 'sha256', type: String }),
    ),
  );
}
