import type { Principal } from '@foreman/access';
import type { EdgePrincipal } from '@foreman/edges';
import { type ExecutionContext, createParamDecorator } from '@nestjs/common';
import type { Request } from 'express';

/** Who calls, as the guards found out. A request has no principal before its guard has run. */
const callers = new WeakMap<Request, Principal>();
const edges = new WeakMap<Request, EdgePrincipal>();

export function setCaller(request: Request, principal: Principal): void {
  callers.set(request, principal);
}

export function setEdge(request: Request, principal: EdgePrincipal): void {
  edges.set(request, principal);
}

/** The API key's principal, as a handler's argument. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  known(callers, context),
);

/** The edge's principal, as a handler's argument. */
export const CallingEdge = createParamDecorator(
  (_: unknown, context: ExecutionContext): EdgePrincipal => known(edges, context),
);

function known<T>(principals: WeakMap<Request, T>, context: ExecutionContext): T {
  const principal = principals.get(context.switchToHttp().getRequest<Request>());
  if (principal === undefined) throw new Error('The route asks who calls, but has no guard');
  return principal;
}
