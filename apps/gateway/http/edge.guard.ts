import { Edges } from '@foreman/edges';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { bearerTokenOf } from './bearer-token';
import { CallsUnderWay } from './calls-under-way';
import { setEdge } from './principals';

/** Lets in edges only: no API key opens `/internal/edges`, whatever its scopes. */
@Injectable()
export class EdgeGuard implements CanActivate {
  constructor(
    private readonly edges: Edges,
    private readonly calls: CallsUnderWay,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const edge = await this.calls.letIn(
      request,
      () => this.edges.authenticate(bearerTokenOf(request)),
      ({ edgeId }) => edgeId,
    );
    setEdge(request, edge);
    return true;
  }
}
