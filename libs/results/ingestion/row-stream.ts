import { DomainError, type Clock, type FieldError } from '@foreman/kernel';
import { rowOfLine } from './line-row';
import { RowReader } from './row-reader';
import { ndjsonLines, UnreadableLineError, type NdjsonLine } from './ndjson-lines';
import type { CheckedRow } from '../result-row';

/** Rows are also stored at this many bytes, so that large ones make neither a long unit nor a large heap. */
const HELD_BYTES = 1_048_576;

/** Gathers the rows of one NDJSON body, and stores them, a few units at once, before it reads on. */
export class RowStream {
  private readonly reader = new RowReader();
  private held: CheckedRow[] = [];
  private heldBytes = 0;
  private received = 0;
  private storedAt: number;

  /** `store` answers how many rows of the task count; without rows it only extends the lease. */
  constructor(
    private readonly clock: Clock,
    private readonly maxHeld: number,
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
      if (this.held.length > 0) stored = await this.flush();
    } catch (error) {
      // Rows that came whole stay, whatever came of the body after them. Those of a store that failed are not held.
      if (this.held.length > 0) stored = await this.flush();
      if (error instanceof BadRowError || error instanceof UnreadableLineError) {
        throw refusal(error, stored);
      }
      throw error;
    }
    return { received: this.received, stored };
  }

  private get isFull(): boolean {
    return this.held.length >= this.maxHeld || this.heldBytes >= HELD_BYTES;
  }

  private add(line: NdjsonLine): void {
    const row = rowOfLine(this.reader, line);
    if (row === null) return;
    if (!('bytes' in row)) throw new BadRowError(line.number, row);
    this.held.push(row);
    this.heldBytes += row.bytes;
    this.received += 1;
  }

  private async flush(): Promise<number> {
    const { held } = this;
    this.held = [];
    this.heldBytes = 0;
    const stored = await this.store(held);
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
