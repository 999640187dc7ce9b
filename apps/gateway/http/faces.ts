import type { Scope } from '@foreman/access';
import { UseGuards, UsePipes, applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity } from '@nestjs/swagger';
import { ApiKeyGuard, RequireScopes } from './api-key.guard';
import { ApiProblems } from './api-problems';
import { BodyGuard, TakesBody } from './body.guard';
import { EdgeGuard } from './edge.guard';
import { lenientValidation, strictValidation } from './validation';

/** Names of the two bearer schemes in the OpenAPI document. */
export const SERVICE_SCHEME = 'service';
export const EDGE_SCHEME = 'edge';

/**
 * A controller for services or administrators: an API key with these scopes (a handler may name its
 * own by `RequireScopes`), bodies read after that, unknown fields refused.
 */
export function ServiceFace(...scopes: Scope[]) {
  return applyDecorators(
    UseGuards(ApiKeyGuard, BodyGuard),
    RequireScopes(...scopes),
    UsePipes(strictValidation()),
    ApiBearerAuth(SERVICE_SCHEME),
    ApiProblems('auth.missing', 'auth.invalid', 'auth.forbidden', 'internal', 'server.busy'),
  );
}

/** A controller for edges: an edge's token, unknown fields ignored. */
export function EdgeFace() {
  return applyDecorators(
    UseGuards(EdgeGuard, BodyGuard),
    UsePipes(lenientValidation()),
    ApiBearerAuth(EDGE_SCHEME),
    ApiProblems('auth.missing', 'auth.invalid', 'internal', 'server.busy'),
  );
}

/** For the one call that brings an enrolment token, which its handler judges itself. */
export function EnrolmentFace() {
  return applyDecorators(
    UseGuards(BodyGuard),
    TakesBody({ json: 'small' }),
    UsePipes(lenientValidation()),
    ApiSecurity(EDGE_SCHEME),
    ApiProblems('auth.missing', 'auth.invalid', 'internal', 'server.busy'),
  );
}
