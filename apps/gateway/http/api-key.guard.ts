import { ApiKeys, type Scope, hasScope } from '@foreman/access';
import { DomainError } from '@foreman/kernel';
import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { bearerTokenOf } from './bearer-token';
import { CallsUnderWay } from './calls-under-way';
import { setCaller } from './principals';

const REQUIRED_SCOPES = 'foreman:scopes';

/** The scopes that a route needs, all of them. */
export const RequireScopes = (...scopes: Scope[]) => SetMetadata(REQUIRED_SCOPES, scopes);

/** Lets in who has an API key with the route's scopes; a route that names none lets nobody in. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly keys: ApiKeys,
    private readonly calls: CallsUnderWay,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const principal = await this.calls.letIn(
      request,
      () => this.keys.authenticate(bearerTokenOf(request)),
      ({ credentialId }) => credentialId,
    );
    const scopes = this.reflector.getAllAndOverride<Scope[] | undefined>(REQUIRED_SCOPES, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (scopes === undefined || scopes.length === 0) {
      throw new Error('A route behind ApiKeyGuard must name its scopes');
    }
    const missing = scopes.filter((scope) => !hasScope(principal, scope));
    if (missing.length > 0) {
      throw new DomainError(
        'auth.forbidden',
        `This API key lacks the scope ${missing.join(', ')}.`,
      );
    }
    setCaller(request, principal);
    return true;
  }
}
