import { applyDecorators } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems';

/** A controller whose callers have a signed URL instead of a token: each handler judges it before anything else. */
export function SignedFace() {
  return applyDecorators(ApiProblems('auth.forbidden', 'internal', 'server.busy'));
}

/** Documents the query of a signed URL, of which nothing is to be made up or left out. */
export function ApiSignedQuery(...names: string[]) {
  return applyDecorators(
    ...[...names, 'expires', 'key', 'signature'].map((name) =>
      ApiQuery({ name, required: name !== 'sha256', type: String }),
    ),
  );
}
