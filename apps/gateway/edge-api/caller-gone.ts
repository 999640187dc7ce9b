import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';

/** A signal that aborts when the connection is closed before the answer was written. */
export const CallerGone = createParamDecorator(
  (_: unknown, context: ExecutionContext): AbortSignal => {
    const http = context.switchToHttp();
    const response = http.getResponse<Response>();
    const gone = new AbortController();
    // It may have closed while the call was authenticated: then there is no event to come.
    if (http.getRequest<Request>().socket.destroyed) gone.abort();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    return gone.signal;
  },
);
