import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { cutOff } from './cut-off';

/**
 * Cuts off an answer that is complete, and whose reader does not take it: all of it is in memory until then. Answers
 * that are yet to come (long polls, live events) are left alone, and so are those that the socket took at once.
 */
export function cutUnreadAnswers(idleMs: number): RequestHandler {
  return (_request: Request, response: Response, next: NextFunction) => {
    response.once('prefinish', () => {
      if (response.writableLength > 0) cutWhileUnread(response, idleMs);
    });
    next();
  };
}

/**
 * Ends the connection when its reader takes nothing for so long, in ms, until this answer is out. By Node's own
 * time-out of the socket, which looks at how much of what waits the kernel has taken: nothing else tells. The
 * kernel keeps some 4 MB itself, and takes more only once a good part of that is read.
 */
export function cutWhileUnread(response: Response, idleMs: number): void {
  const { socket } = response.req;
  response.setTimeout(idleMs, () => {
    // While nothing waits to be taken it is the gateway that reads.
    if (response.writableLength > 0) cutOff(response);
  });
  // Before Node's own listener, which sets the keep-alive; what is pipelined behind has no limit of ours.
  response.prependOnceListener('finish', () => socket.setTimeout(0));
}
