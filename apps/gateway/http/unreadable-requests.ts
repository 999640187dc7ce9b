import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { DomainError } from '@foreman/kernel';
import { cutConnection } from './cut-off';
import { problemDocument } from './problem-document';

/** What is not HTTP never reaches a handler: node reports it, and this answers it with a problem. */
export function answerUnreadableRequests(server: Server): void {
  const open = new WeakMap<Duplex, Set<ServerResponse>>();
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const responses = open.get(socket) ?? new Set();
    open.set(socket, responses.add(response));
    response.once('close', () => responses.delete(response));
  });
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    if ([...(open.get(socket) ?? [])].some(isHalfOut)) {
      cutConnection(socket);
      return;
    }
    const document = problemDocument(refusalOf(error.code), 'none');
    const body = JSON.stringify(document);
    socket.end(
      [
        `HTTP/1.1 ${document.status} Refused`,
        'Content-Type: application/problem+json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  });
}

/** Anything else that is written now would become a part of it. */
function isHalfOut({ socket, headersSent, writableEnded }: ServerResponse): boolean {
  return socket !== null && headersSent && !writableEnded;
}

function refusalOf(code: string | undefined): DomainError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new DomainError('request.too_large', 'The headers are too large.');
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new DomainError('request.invalid', 'The request did not arrive in time.', {
      errors: [],
    });
  }
  return new DomainError('request.invalid', 'This is not an HTTP/1.1 request.', { errors: [] });
}
