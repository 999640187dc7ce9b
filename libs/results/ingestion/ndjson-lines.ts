import { UnreadableBodyError } from './unreadable-body';
import { MAX_ROW_BYTES } from '../result-row';

/** One line of a body, counted from 1; it stands in `text` from `start` to `end`, which have no newline between them. */
export interface NdjsonLine {
  readonly number: number;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** A char of `text` is a byte. */
  readonly isAscii: boolean;
}

/** A line that cannot be read, at which reading ends. */
export class UnreadableLineError extends Error {
  constructor(
    readonly line: number,
    message: string,
    readonly code: UnreadableBodyError['code'] = 'request.invalid',
    readonly details: UnreadableBodyError['details'] = {},
  ) {
    super(message);
  }
}

const NEWLINE = 0x0a;
/** A row, and the carriage return that some senders put before the newline. */
const MAX_LINE_BYTES = MAX_ROW_BYTES + 1;
/** Decoded at once, whatever the size of the pieces that a body comes in. */
const WINDOW_BYTES = 65_536;
/** UTF-8 needs at most so many for one char of a string. */
const MAX_BYTES_A_CHAR = 3;

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The lines that each piece of the body completes; empty ones are counted and left out. Holds at most one
 * unfinished line.
 * @throws UnreadableLineError after all lines before it were handed out, also for an UnreadableBodyError
 * of the body.
 */
export async function* ndjsonLines(body: AsyncIterable<Buffer>): AsyncGenerator<NdjsonLine[]> {
  const splitter = new LineSplitter();
  try {
    for await (const piece of body) {
      for (let start = 0; start < piece.length; start += WINDOW_BYTES) {
        yield splitter.take(piece.subarray(start, start + WINDOW_BYTES));
        splitter.throwIfUnreadable();
      }
    }
  } catch (error) {
    if (!(error instanceof UnreadableBodyError)) throw error;
    throw new UnreadableLineError(splitter.nextLine, error.message, error.code, error.details);
  }
  yield splitter.takeLast();
  splitter.throwIfUnreadable();
}

class LineSplitter {
  private number = 0;
  private unfinished: Buffer[] = [];
  private unfinishedBytes = 0;
  private unreadable: UnreadableLineError | null = null;

  /** The number of the line that is not finished. */
  get nextLine(): number {
    return this.number + 1;
  }

  take(bytes: Buffer): NdjsonLine[] {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    const lines = end === 0 ? [] : this.linesOf(this.finish(bytes.subarray(0, end)));
    if (end < bytes.length) {
      this.unfinished.push(bytes.subarray(end));
      this.unfinishedBytes += bytes.length - end;
    }
    if (this.unfinishedBytes > MAX_LINE_BYTES) this.refuse(TOO_LONG);
    return lines;
  }

  takeLast(): NdjsonLine[] {
    return this.unfinishedBytes > 0 ? this.linesOf(this.finish(Buffer.alloc(0))) : [];
  }

  throwIfUnreadable(): void {
    if (this.unreadable !== null) throw this.unreadable;
  }

  private finish(bytes: Buffer): Buffer {
    if (this.unfinishedBytes === 0) return bytes;
    const whole = Buffer.concat([...this.unfinished, bytes]);
    this.unfinished = [];
    this.unfinishedBytes = 0;
    return whole;
  }

  /** Of whole lines, decoded together unless one of them is not UTF-8. */
  private linesOf(bytes: Buffer): NdjsonLine[] {
    const lines: NdjsonLine[] = [];
    const text = decode(bytes);
    if (text !== null) {
      this.split(text, text.length === bytes.length, lines);
      return lines;
    }
    for (let start = 0; start < bytes.length && this.unreadable === null;) {
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline === -1 ? bytes.length : newline + 1;
      const line = decode(bytes.subarray(start, end));
      if (line === null) this.refuse('is not UTF-8');
      else this.split(line, false, lines);
      start = end;
    }
    return lines;
  }

  private split(text: string, isAscii: boolean, lines: NdjsonLine[]): void {
    for (let start = 0; start < text.length;) {
      const newline = text.indexOf('\n', start);
      const end = newline === -1 ? text.length : newline;
      if (isTooLong(text, start, end, isAscii)) {
        this.refuse(TOO_LONG);
        return;
      }
      this.number += 1;
      if (end > start) lines.push({ number: this.number, text, start, end, isAscii });
      start = end + 1;
    }
  }

  /** The first finding stands: nothing is read after it. */
  private refuse(message: string): void {
    this.unreadable ??= new UnreadableLineError(this.nextLine, message);
  }
}

const TOO_LONG = `is longer than a row may be (${MAX_ROW_BYTES} bytes)`;

function isTooLong(text: string, start: number, end: number, isAscii: boolean): boolean {
  const chars = end - start;
  if (isAscii || chars > MAX_LINE_BYTES) return chars > MAX_LINE_BYTES;
  if (chars * MAX_BYTES_A_CHAR <= MAX_LINE_BYTES) return false;
  return Buffer.byteLength(text.slice(start, end)) > MAX_LINE_BYTES;
}

function decode(bytes: Buffer): string | null {
  try {
    return DECODER.decode(bytes);
  } catch {
    return null;
  }
}
