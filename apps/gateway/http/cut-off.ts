import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Cuts off an answer that has begun and cannot be brought to its end: what came of it must not pass for all of it. */
export function cutOff(response: ServerResponse): void {
  // Without a socket it waits behind another answer on its connection: that one goes out first.
  if (response.socket !== null) cutConnection(response.socket);
  response.destroy();
}

/**
 * Ends a connection by a reset. An answer without a length ends, over HTTP/1.0, where its connection is closed; nginx
 * speaks that to what stands behind it, unless it is told otherwise.
 */
export function cutConnection(socket: Duplex): void {
  // All that was to be sent is out, or on its way, once its end was asked for.
  if (socket instanceof Socket && !socket.writableEnded) socket.resetAndDestroy();
  else socket.destroy();
}
