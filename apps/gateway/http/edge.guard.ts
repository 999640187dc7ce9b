import { Edges } from '@foreman/edges';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { bearerTokenOf } from './bearer-token';
import { setEdge } from './principals';

/** Lets in edges only: no API key opens `/internal/edges`, whatever its scopes. */
@Injectable()
export class EdgeGuard implements CanActivate {
  constructor(private readonly edges: Edges) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    setEdge(request, await this.edges.authenticate(bearerTokenOf(request)));
    return true;
  }
}
