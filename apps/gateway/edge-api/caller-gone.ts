import { invalidToken } from '@foreman/access';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import { whenCredentialEnds } from '../http/calls-under-way';

/**
 * A signal that aborts when the connection is closed before the answer was written, or, with the refusal as its
 * reason, when the caller's token has ended.
 */
export const CallerGone = createParamDecorator(
  (_: unknown, context: ExecutionContext): AbortSignal => {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const gone = new AbortController();
    // It may have closed while the call was authenticated: then there is no event to come.
    if (request.socket.destroyed) gone.abort();
    whenCredentialEnds(request, () => gone.abort(invalidToken()));
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    return gone.signal;
  },
);
