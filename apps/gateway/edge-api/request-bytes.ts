import { UnreadableBodyError } from '@foreman/results';
import type { Request } from 'express';
import { pipeline } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import { isGzipped } from '../http/content-coding';

/**
 * What a body may swell to: rows that a program wrote shrink to a tenth or a thirtieth, zeros to a
 * thousandth. The first MiB is free, so that a short body of like rows is not suspected.
 */
const MAX_SWELLING = 200;
const FREE_BYTES = 1_048_576;
const UNPACKED_AT_ONCE_BYTES = 65_536;

/**
 * A body as an iterator that leaves the connection open when it is not read to its end: a refusal can
 * then still be answered. What the sender goes on sending is read and dropped, once the answer is out.
 */
export function requestBytes(request: Request): AsyncIterable<Buffer> {
  // Node does so itself only for a body of which nothing was read.
  request.res?.once('finish', () => request.resume());
  return { [Symbol.asyncIterator]: () => piecesOf(request) };
}

async function* piecesOf(request: Request): AsyncGenerator<Buffer> {
  try {
    yield* request.iterator({ destroyOnReturn: false });
  } finally {
    // A stream flows only once its iterator has let go of it, which may be after the answer: a refusal does not
    // wait for a piece that is still to come.
    if (request.res?.writableFinished === true) setImmediate(() => request.resume());
  }
}

/**
 * The same, unpacked if it came as gzip; nothing is unpacked before it is asked for. Its iterator throws
 * UnreadableBodyError where the gzip is broken, and where it swells beyond all measure.
 * @throws `request.unsupported_type` at once for a coding that is not gzip.
 */
export function unpackedBytes(request: Request): AsyncIterable<Buffer> {
  if (!isGzipped(request)) return requestBytes(request);
  const packed = new CountedBytes(request);
  const gunzip = createGunzip({ chunkSize: UNPACKED_AT_ONCE_BYTES });
  pipeline(packed.pieces(), gunzip, () => undefined);
  // A handler that refused a row has left the rest packed.
  request.res?.once('finish', () => gunzip.destroy()).once('close', () => gunzip.destroy());
  const swelling = new Swelling(packed);
  return { [Symbol.asyncIterator]: () => unpackedPieces(gunzip, swelling) };
}

async function* unpackedPieces(gunzip: Gunzip, swelling: Swelling): AsyncGenerator<Buffer> {
  try {
    for await (const piece of gunzip.iterator({ destroyOnReturn: false })) {
      swelling.add(piece.length);
      yield piece;
    }
  } catch (error) {
    gunzip.destroy();
    throw isOfZlib(error)
      ? new UnreadableBodyError(
          'request.invalid',
          `is not readable: the gzip is broken (${error.code})`,
        )
      : error;
  }
}

class CountedBytes {
  count = 0;

  constructor(private readonly request: Request) {}

  async *pieces(): AsyncGenerator<Buffer> {
    try {
      for await (const piece of requestBytes(this.request)) {
        this.count += piece.length;
        yield piece;
      }
    } finally {
      // The answer may be out by now; and a stream only flows once its iterator has let go of it.
      setImmediate(() => this.request.resume());
    }
  }
}

/** The guard against a few bytes that unpack into gigabytes. */
class Swelling {
  private unpackedBytes = 0;

  constructor(private readonly packed: CountedBytes) {}

  /** @throws UnreadableBodyError */
  add(bytes: number): void {
    this.unpackedBytes += bytes;
    const limitBytes = MAX_SWELLING * this.packed.count + FREE_BYTES;
    if (this.unpackedBytes <= limitBytes) return;
    const message = `is not read: the gzip swells to more than ${MAX_SWELLING} times its bytes`;
    throw new UnreadableBodyError('request.too_large', message, { limitBytes });
  }
}

function isOfZlib(error: unknown): error is { readonly code: string } {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('Z_')
  );
}
