import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '@foreman/kernel';
import type { Answer } from '@foreman/testing';

/** Turns of the event loop in which the other side, in this same process, has surely read what was sent. */
const TURNS_TO_READ = 5;

/** Breaks the connection off before the first byte. */
export const resetAtOnce: Answer = (request) => void request.socket.resetAndDestroy();

/** Ends it in good order, without a word. */
export const hangUp: Answer = (request) => void request.socket.end();

export const silence: Answer = () => undefined;

/** Whatever bytes, and then the end. */
export function raw(text: string): Answer {
  return (request) => void request.socket.end(text);
}

/** The bytes arrive, then the connection breaks off. */
export function rawThenReset(text: string): Answer {
  return (request) => {
    request.socket.write(text, () => void resetAfterReading(request.socket));
  };
}

/** The bytes arrive, then nothing more does. */
export function rawThenSilence(text: string): Answer {
  return (request) => void request.socket.write(text);
}

/** A byte a second of `clock`, for as long as the connection stands. */
export function slowLoris(clock: Clock, beginning: string, endless: string): Answer {
  return ({ socket }) => {
    socket.write(beginning);
    const drip = (sent: number) => {
      if (socket.destroyed) return;
      socket.write(endless[sent % endless.length] ?? '');
      clock.setTimer(1000, () => drip(sent + 1));
    };
    clock.setTimer(1000, () => drip(0));
  };
}

async function resetAfterReading(socket: Socket): Promise<void> {
  for (let turn = 0; turn < TURNS_TO_READ; turn += 1) await setImmediate();
  socket.resetAndDestroy();
}
