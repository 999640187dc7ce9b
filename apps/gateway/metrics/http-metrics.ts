import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { Counter, type Registry } from 'prom-client';
import type { MetricGroup } from './metric-group';

/** What the routes are for; whatever else a caller makes up is one series. */
const COUNTED_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Requests by their route's template, never by their path: a caller can make no series. */
@Injectable()
export class HttpMetrics implements MetricGroup {
  private readonly requests = new Counter({
    name: 'foreman_http_requests_total',
    help: 'Answered requests by method, route and status; status "cut" where the connection broke off',
    labelNames: ['method', 'route', 'status'],
    registers: [],
  });

  readonly middleware: RequestHandler = (
    request: Request,
    response: Response,
    next: NextFunction,
  ) => {
    response.once('close', () => {
      this.requests.inc({
        method: COUNTED_METHODS.has(request.method) ? request.method : 'other',
        route: templateOf(request),
        status: response.writableFinished ? String(response.statusCode) : 'cut',
      });
    });
    next();
  };

  register(registry: Registry): void {
    registry.registerMetric(this.requests);
  }
}

/** Where Nest answers what no route matches. */
const CATCH_ALL = '/{*path}';

/** Set by the router once a route has matched. */
function templateOf(request: Request): string {
  const route: unknown = request.route;
  const isMatched = typeof route === 'object' && route !== null && 'path' in route;
  if (!isMatched || typeof route.path !== 'string') return 'none';
  return route.path === CATCH_ALL ? 'none' : route.path;
}
