/** As a socket would hand it on. */
const PIECE_BYTES = 65_536;

/** The caller has had enough: the body is cut off by its sender. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

/**
 * A body, piece by piece; `onPiece` hears of each before it goes, `onEnd` when all have gone. With `stopsAfter` the
 * sender breaks off after so many bytes.
 */
export async function* piecesOf(
  bytes: Buffer,
  onPiece: () => void,
  onEnd: () => void,
  stopsAfter = Infinity,
): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    if (start >= stopsAfter) throw new GivenUp();
    onPiece();
    yield bytes.subarray(start, start + PIECE_BYTES);
  }
  if (stopsAfter !== Infinity) throw new GivenUp();
  onEnd();
}
