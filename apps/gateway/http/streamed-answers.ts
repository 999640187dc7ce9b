import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DomainError } from '@foreman/kernel';
import { Logger } from '@nestjs/common';
import type { Response } from 'express';
import { cutOff } from './cut-off';
import { cutWhileUnread } from './unread-answers';

const logger = new Logger('StreamedAnswers');

/**
 * Cuts off a reader who takes nothing for so long, in ms, and sees to it that the end is noticed, whatever way it comes:
 * then `over` is called, once. A response that waits behind another on its connection (pipelined) is told nothing when
 * that breaks: the signal aborts then.
 */
export function watchAnswer(response: Response, idleMs: number, over: () => void): AbortSignal {
  const { socket } = response.req;
  const broken = new AbortController();
  let isOver = false;
  // Both come when a connection breaks: a listener that is taken off during an event is called by it all the same.
  const ended = () => {
    if (isOver) return;
    isOver = true;
    socket.off('close', brokenOff);
    over();
  };
  const brokenOff = () => {
    ended();
    broken.abort();
  };
  cutWhileUnread(response, idleMs);
  response.once('close', ended);
  socket.once('close', brokenOff);
  if (socket.destroyed) brokenOff();
  return broken.signal;
}

/**
 * Sends all that the source has, and ends the answer only then: when the source fails, the answer is cut off. Settles in
 * either case.
 */
export async function sendStream(
  source: Readable,
  response: Response,
  signal: AbortSignal,
): Promise<void> {
  try {
    // The response is not `pipeline`'s to end: it would close the connection of one that failed like that of a whole one.
    await pipeline(source, response, { end: false, signal });
    response.end();
  } catch (error) {
    const isReaderGone = response.req.socket.destroyed;
    cutOff(response);
    if (isReaderGone) return;
    if (error instanceof DomainError) logger.warn({ err: error }, 'An answer was cut off');
    else logger.error({ err: error }, 'An answer was cut off');
  }
}
