import { StringDecoder } from 'node:string_decoder';
import type { ProgressReport } from '@foreman/edge-sdk';

const PROGRESS = /^progress (\d{1,15})\/(\d{1,15})(?: (.*))?$/;
/** A line is cut here: a program that never ends its line must not fill the memory. */
const MAX_LINE_CHARS = 4096;
/** What a failure message has room for. */
const TAIL_CHARS = 1500;

/** Reads a program's stderr: `progress N/M text` lines are progress, the end of all others explains a failure. */
export class StderrReader {
  private readonly decoder = new StringDecoder('utf8');
  private line = '';
  private said = '';

  constructor(private readonly onProgress: (report: ProgressReport) => void) {}

  /** The last lines that were not progress. */
  get tail(): string {
    return this.said.trim();
  }

  push(chunk: Buffer): void {
    const [first = '', ...more] = this.decoder.write(chunk).split('\n');
    this.append(first);
    for (const part of more) {
      this.endLine();
      this.append(part);
    }
  }

  /** Takes a last line without its newline. */
  end(): void {
    if (this.line !== '') this.endLine();
  }

  private append(part: string): void {
    this.line += part.slice(0, MAX_LINE_CHARS - this.line.length);
  }

  private endLine(): void {
    const line = this.line.replace(/\r$/, '');
    this.line = '';
    const match = PROGRESS.exec(line);
    if (match === null) {
      this.said = `${this.said}${line}\n`.slice(-TAIL_CHARS);
      return;
    }
    const [, processed, total, status] = match;
    this.onProgress({
      processed: Number(processed),
      total: Number(total),
      ...(status === undefined ? {} : { status }),
    });
  }
}
