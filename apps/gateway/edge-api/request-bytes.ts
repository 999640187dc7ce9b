import type { Request } from 'express';

/**
 * A body as an iterator that leaves the connection open when it is not read to its end: a refusal can
 * then still be answered. What the sender goes on sending is read and dropped by the server.
 */
export function requestBytes(request: Request): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}
