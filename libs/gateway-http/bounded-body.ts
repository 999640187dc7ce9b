import type { Readable } from 'node:stream';

/** A body was longer than its reader allows; it was not read on. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';

  constructor(readonly limitBytes: number) {
    super(`the body is longer than ${limitBytes} bytes`);
  }
}

/**
 * Reads a stream whole, but never more than `limitBytes`: beyond them `BodyTooLarge` is thrown, and the rest is cut
 * off, or left unread: a server's request must stay open to be answered 413.
 */
export async function readBounded(
  body: Readable,
  limitBytes: number,
  rest: 'cut-off' | 'left' = 'cut-off',
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body.iterator({ destroyOnReturn: rest === 'cut-off' })) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string);
    size += bytes.length;
    if (size > limitBytes) throw new BodyTooLarge(limitBytes);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size);
}
