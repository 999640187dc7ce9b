import type { IdSource } from '@foreman/kernel';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

const HEADER = 'X-Request-Id';
/** What may be taken over into logs and answers as it is. */
const SANE = /^[A-Za-z0-9._:-]{1,128}$/;

/** Gives every request an id, the caller's own where it is sane, and tells it in the answer. */
export function requestIds(ids: IdSource): RequestHandler {
  return (request: Request & { id?: unknown }, response: Response, next: NextFunction) => {
    const offered = request.get(HEADER);
    request.id = offered !== undefined && SANE.test(offered) ? offered : ids.uuid();
    response.setHeader(HEADER, String(request.id));
    next();
  };
}

export function requestIdOf(request: Request): string {
  return 'id' in request ? String(request.id) : 'none';
}
