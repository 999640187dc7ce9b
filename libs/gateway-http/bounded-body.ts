import type { Readable } from 'node:stream';

/** A body was longer than its reader allows; it was not read on. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';

  constructor(readonly limitBytes: number) {
    super(`the body is longer than ${limitBytes} bytes`);
  }
}

/**
 * Reads a stream whole, but never more than `limitBytes`: beyond them `BodyTooLarge` is thrown and the rest is not
 * read. An answer's connection is then closed; a server's request can still be answered (413), because Node detaches
 * its socket before it ends the stream of an abandoned loop.
 */
export async function readBounded(body: Readable, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string);
    size += bytes.length;
    if (size > limitBytes) throw new BodyTooLarge(limitBytes);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size);
}
