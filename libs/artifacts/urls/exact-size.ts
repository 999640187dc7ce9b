import { invalidField } from '@foreman/kernel';

/** The body, refused as soon as it is longer than `size` bytes, and when it ends before. @throws `request.invalid` */
export async function* exactly(
  size: number,
  body: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void> {
  let received = 0;
  for await (const piece of body) {
    received += piece.length;
    if (received > size) throw notOfSize(size);
    yield piece;
  }
  if (received < size) throw notOfSize(size);
}

/** Also for a length that is announced. */
export function notOfSize(size: number): Error {
  return invalidField('body', `must have the ${size} bytes that its URL was made for`);
}
