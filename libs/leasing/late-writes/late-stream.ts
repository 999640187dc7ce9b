import { checkRow } from '@foreman/results';

/**
 * A streamed body that can be looked at again: what is read of it is copied until there is more than
 * may be kept. So a lease that is lost at the start or in mid-stream costs a small body no row, and a
 * large one no memory.
 */
export class CopiedStream implements AsyncIterable<Buffer> {
  private copy = Buffer.alloc(0);
  private sizeBytes = 0;
  private tellTooLarge: () => void = () => {};

  constructor(
    private readonly source: AsyncIterable<Buffer>,
    private readonly limitBytes: number,
  ) {}

  /** Goes on where it was left. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const piece of this.source) {
      this.keep(piece);
      yield piece;
    }
  }

  /**
   * All of the body once it has come; null as soon as it is too large, or broken off. What comes later
   * is read and dropped, so that the connection can be used again.
   */
  whole(): Promise<Buffer | null> {
    return new Promise((resolve) => {
      this.tellTooLarge = () => resolve(null);
      if (this.isTooLarge) resolve(null);
      this.readOn().then(
        () => resolve(this.isTooLarge ? null : this.copy.subarray(0, this.sizeBytes)),
        () => resolve(null),
      );
    });
  }

  private get isTooLarge(): boolean {
    return this.sizeBytes > this.limitBytes;
  }

  private async readOn(): Promise<void> {
    const pieces = this[Symbol.asyncIterator]();
    while ((await pieces.next()).done !== true);
  }

  /** Into one buffer that doubles: a list of pieces of a byte each would be a hundred times their size. */
  private keep(piece: Buffer): void {
    const start = this.sizeBytes;
    this.sizeBytes += piece.length;
    if (this.isTooLarge) {
      this.copy = Buffer.alloc(0);
      this.tellTooLarge();
      return;
    }
    if (this.sizeBytes > this.copy.length) {
      const larger = Buffer.alloc(
        Math.min(this.limitBytes, Math.max(this.sizeBytes, 2 * this.copy.length)),
      );
      this.copy.copy(larger, 0, 0, start);
      this.copy = larger;
    }
    piece.copy(this.copy, start);
  }
}

/** The rows of a whole NDJSON body, each as the text that was sent; null when a line is none. */
export function rowsOfNdjson(body: Buffer): string[] | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.every((line) => 'bytes' in checkRow(JSON.parse(line))) ? lines : null;
  } catch {
    return null;
  }
}
