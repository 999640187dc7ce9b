import { DomainError } from '@foreman/kernel';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { cutConnection } from './cut-off';
import { hasBody } from './json-body-reader';
import { sendProblem } from './problem-details.filter';
import { requestIdOf } from './request-id';

/** A body is looked at so many times within the limit, and cut off once it was silent at that many in a row. */
const LOOKS = 4;
const RETRY_SECONDS = 1;

/**
 * Cuts off a request of whose body nothing comes for so long, in ms; whatever was kept for it is free then. Its sender
 * is told `server.busy` where no answer is out yet: to an agent that is what a broken connection is, to be repeated.
 * A slow one that goes on is left alone, and so is one who waits because the gateway does not read on.
 */
export function cutSilentBodies(idleMs: number): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    if (hasBody(request)) watch(request, response, idleMs);
    next();
  };
}

function watch(request: Request, response: Response, idleMs: number): void {
  const { socket } = request;
  let seenBytes = socket.bytesRead;
  let silentLooks = 0;
  // A process that stood still makes up for no look: what came meanwhile is seen by the next.
  const looks = setInterval(() => {
    if (request.complete || request.destroyed) {
      clearInterval(looks);
      return;
    }
    // What nobody has read yet stops the socket: the silence is ours.
    const isSilent = socket.bytesRead === seenBytes && request.readableLength === 0;
    seenBytes = socket.bytesRead;
    silentLooks = isSilent ? silentLooks + 1 : 0;
    if (silentLooks < LOOKS) return;
    clearInterval(looks);
    cutBody(request, response, silence(idleMs));
  }, idleMs / LOOKS);
  looks.unref();
  const stop = () => clearInterval(looks);
  request.once('end', stop).once('close', stop);
}

/**
 * Ends a body that flows. Its sender is told why where no answer is out yet, and whoever reads the body gets the refusal
 * as its error. An answer that waits behind another can tell nothing.
 */
export function cutBody(request: Request, response: Response, refusal: DomainError): void {
  if (response.headersSent || response.socket === null) {
    // This answer, or one before it on the connection, may be half out. A whole one is on its way.
    if (!response.writableFinished) cutConnection(request.socket);
    request.destroy(refusal);
    return;
  }
  response.once('finish', () => request.destroy(refusal));
  response.setHeader('Connection', 'close');
  sendProblem(response, refusal, requestIdOf(request));
}

function silence(idleMs: number): DomainError {
  const message = `Nothing more came of the body for ${idleMs / 1000} s (FOREMAN_UPLOAD_IDLE_SECONDS).`;
  return new DomainError('server.busy', message, { retryAfterSeconds: RETRY_SECONDS });
}
