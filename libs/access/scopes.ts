/** What an API key may do (contract, "Who is calling"). `admin` implies all. */
export const SCOPES = ['jobs:write', 'jobs:read', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

export function isScope(value: unknown): value is Scope {
  return SCOPES.some((scope) => scope === value);
}
