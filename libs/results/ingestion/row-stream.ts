import { DomainError, type Clock, type FieldError } from '@foreman/kernel';
import { rowOfLine } from './line-row';
import { RowReader } from './row-reader';
import { ndjsonLines, UnreadableLineError, type NdjsonLine } from './ndjson-lines';
import type { CheckedRow } from '../result-row';

/** Rows that are stored together: few commits for many rows. With twice as many, most outlive the young generation: 100 MiB more. */
export const BURST_ROWS = 1000;
/** A burst is also full at this many bytes, so that large rows take no more memory. */
const BURST_BYTES = 1_048_576;

/** Gathers the rows of one NDJSON body into bursts, and stores each before it reads on. */
export class RowStream {
  private readonly reader = new RowReader();
  private burst: CheckedRow[] = [];
  private burstBytes = 0;
  private received = 0;
  private storedAt: number;

  /** `store` answers how many rows of the task count; with no rows it only extends the lease. */
  constructor(
    private readonly clock: Clock,
    private readonly flushAfterMs: number,
    private readonly store: (rows: readonly CheckedRow[]) => Promise<number>,
  ) {
    this.storedAt = clock.monotonicMs();
  }

  async take(
    body: AsyncIterable<Buffer>,
    countBefore: number,
  ): Promise<{ received: number; stored: number }> {
    let stored = countBefore;
    try {
      for await (const lines of ndjsonLines(body)) {
        for (const line of lines) {
          this.add(line);
          if (this.isFull) stored = await this.flush();
        }
        if (this.clock.monotonicMs() - this.storedAt >= this.flushAfterMs)
          stored = await this.flush();
      }
      if (this.burst.length > 0) stored = await this.flush();
    } catch (error) {
      if (!(error instanceof BadRowError || error instanceof UnreadableLineError)) throw error;
      if (this.burst.length > 0) stored = await this.flush();
      throw refusal(error, stored);
    }
    return { received: this.received, stored };
  }

  private get isFull(): boolean {
    return this.burst.length >= BURST_ROWS || this.burstBytes >= BURST_BYTES;
  }

  private add(line: NdjsonLine): void {
    const row = rowOfLine(this.reader, line);
    if (row === null) return;
    if (!('bytes' in row)) throw new BadRowError(line.number, row);
    this.burst.push(row);
    this.burstBytes += row.bytes;
    this.received += 1;
  }

  private async flush(): Promise<number> {
    const { burst } = this;
    this.burst = [];
    this.burstBytes = 0;
    const stored = await this.store(burst);
    this.storedAt = this.clock.monotonicMs();
    return stored;
  }
}

class BadRowError extends Error {
  constructor(
    readonly line: number,
    readonly errors: readonly FieldError[],
  ) {
    super('A row is not as the contract says');
  }
}

function refusal(error: BadRowError | UnreadableLineError, stored: number): DomainError {
  const isRow = error instanceof BadRowError;
  const errors = isRow ? error.errors : [{ path: '', message: error.message }];
  const [first] = errors;
  const what = [first?.path, first?.message].filter(Boolean).join(' ');
  const code = isRow ? 'request.invalid' : error.code;
  const details = { ...(!isRow && error.details), line: error.line, stored, errors };
  return new DomainError(code, `Line ${error.line}: ${what}`, details);
}
