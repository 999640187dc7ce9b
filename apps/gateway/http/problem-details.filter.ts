import { DomainError } from '@foreman/kernel';
import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Logger,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { cutOff } from './cut-off';
import { problemDocument, retryAfterSecondsOf } from './problem-document';
import { requestIdOf } from './request-id';

/** Every refusal and every fault leaves as a problem document; a stack trace never does. */
@Catch()
export class ProblemDetailsFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemDetailsFilter.name);

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    if (request.errored !== null && thrown === request.errored) {
      // The caller has gone in the middle of what it sent: nobody waits for an answer, and nothing is wrong here.
      cutOff(response);
      return;
    }
    const error = this.refusalOf(thrown);
    if (response.headersSent) {
      cutOff(response);
      return;
    }
    if (response.destroyed) return;
    sendProblem(response, error, requestIdOf(request));
  }

  private refusalOf(thrown: unknown): DomainError {
    if (thrown instanceof DomainError && thrown.code !== 'internal') return thrown;
    if (thrown instanceof URIError) return routeNotFound();
    if (thrown instanceof HttpException && thrown.getStatus() < 500) return ofNest(thrown);
    this.logger.error(withoutParameters(thrown));
    return new DomainError('internal', 'The cause is in the log of the gateway, by this request.');
  }
}

export function sendProblem(response: Response, error: DomainError, requestId: string): void {
  const document = problemDocument(error, requestId);
  const retryAfterSeconds = retryAfterSecondsOf(error);
  if (retryAfterSeconds !== null) response.setHeader('Retry-After', String(retryAfterSeconds));
  if (document.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  response.setHeader('Cache-Control', 'no-store');
  const body = Buffer.from(JSON.stringify(document));
  response.status(document.status).removeHeader('ETag');
  response.setHeader('Content-Type', 'application/problem+json');
  response.setHeader('Content-Length', body.length);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** What Nest and Express refuse themselves: unknown routes, and paths that are no valid URI. */
function ofNest(exception: HttpException): DomainError {
  const status = exception.getStatus();
  if (status === 404 || exception.cause instanceof URIError) return routeNotFound();
  if (status === 401) return new DomainError('auth.invalid', exception.message);
  if (status === 403) return new DomainError('auth.forbidden', exception.message);
  if (status === 413) return new DomainError('request.too_large', exception.message);
  if (status === 415) return new DomainError('request.unsupported_type', exception.message);
  return new DomainError('request.invalid', exception.message, { errors: [] });
}

function routeNotFound(): DomainError {
  return new DomainError('route.not_found', 'There is no such route; GET /docs lists them all.');
}

/** A driver's error carries its parameters, which may be secrets: keep them out of the log. */
function withoutParameters(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !('parameters' in thrown)) return thrown;
  const bare = new Error(thrown.message);
  if (thrown.stack !== undefined) bare.stack = thrown.stack;
  return bare;
}
