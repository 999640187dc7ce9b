import { MAX_ROW_BYTES } from './result-row';

/** One line of a body, counted from 1; blank ones are counted and left out. */
export interface NdjsonLine {
  readonly number: number;
  readonly text: string;
}

/** A line that cannot be read, at which reading ends. */
export class UnreadableLineError extends Error {
  constructor(
    readonly line: number,
    message: string,
  ) {
    super(message);
  }
}

const NEWLINE = 0x0a;

/**
 * The lines that each piece of the body completes. Holds at most one unfinished line.
 * @throws UnreadableLineError after all lines before it were handed out.
 */
export async function* ndjsonLines(body: AsyncIterable<Buffer>): AsyncGenerator<NdjsonLine[]> {
  const splitter = new LineSplitter();
  for await (const piece of body) {
    splitter.push(piece);
    const lines = splitter.take();
    if (lines.length > 0) yield lines;
    splitter.throwIfUnreadable();
  }
  splitter.end();
  yield splitter.take();
  splitter.throwIfUnreadable();
}

class LineSplitter {
  private number = 0;
  private unfinished: Buffer[] = [];
  private unfinishedBytes = 0;
  private lines: NdjsonLine[] = [];
  private unreadable: UnreadableLineError | null = null;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  push(piece: Buffer): void {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, start)) {
      this.append(piece.subarray(start, end));
      this.finishLine();
      if (this.unreadable !== null) return;
      start = end + 1;
    }
    this.append(piece.subarray(start));
    if (this.unfinishedBytes > MAX_LINE_BYTES) this.refuse('is longer than a row may be');
  }

  end(): void {
    if (this.unfinishedBytes > 0) this.finishLine();
  }

  take(): NdjsonLine[] {
    const { lines } = this;
    this.lines = [];
    return lines;
  }

  throwIfUnreadable(): void {
    if (this.unreadable !== null) throw this.unreadable;
  }

  private append(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.unfinished.push(bytes);
    this.unfinishedBytes += bytes.length;
  }

  private finishLine(): void {
    if (this.unfinishedBytes > MAX_LINE_BYTES) return this.refuse('is longer than a row may be');
    const [first] = this.unfinished;
    const bytes =
      this.unfinished.length === 1 && first !== undefined ? first : Buffer.concat(this.unfinished);
    this.unfinished = [];
    this.unfinishedBytes = 0;
    this.number += 1;
    const text = this.decode(bytes);
    if (text === null) {
      this.unreadable = new UnreadableLineError(this.number, 'is not UTF-8');
    } else if (text.trim() !== '') {
      this.lines.push({ number: this.number, text });
    }
  }

  private refuse(message: string): void {
    this.unreadable = new UnreadableLineError(
      this.number + 1,
      `${message} (${MAX_ROW_BYTES} bytes)`,
    );
  }

  private decode(bytes: Buffer): string | null {
    try {
      return this.decoder.decode(bytes);
    } catch {
      return null;
    }
  }
}

/** A row, and the carriage return that some senders put before the newline. */
const MAX_LINE_BYTES = MAX_ROW_BYTES + 1;
