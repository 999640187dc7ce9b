import type { Socket } from 'node:net';

/**
 * How the other side ended a connection that is read: it closed it, or cut it by a reset. Node tells of a reset as of an
 * end where bytes before it are still to be read; but then nothing more can be written.
 * @param socket made with `allowHalfOpen`, or Node ends its own side before.
 */
export function connectionEnd(socket: Socket): Promise<'closed' | 'reset'> {
  return new Promise((resolve) => {
    socket.once('end', () => socket.write('\n', (error) => resolve(error ? 'reset' : 'closed')));
    socket.once('error', () => resolve('reset'));
  });
}
