import type { Scope } from './scopes';

/** Who calls with an API key. `credentialId` scopes idempotency keys. */
export interface Principal {
  readonly credentialId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** Whether the caller may do what `scope` covers. */
export function hasScope(principal: Principal, scope: Scope): boolean {
  return principal.scopes.includes('admin') || principal.scopes.includes(scope);
}
