import { DomainError, type Clock, type FieldError } from '@foreman/kernel';
import { ndjsonLines, UnreadableLineError, type NdjsonLine } from './ndjson-lines';
import { checkRow, type CheckedRow } from './result-row';

/** A unit is also full at this many bytes, so that large rows do not make a long one. */
const UNIT_BYTES = 1_048_576;

/** Gathers the rows of one NDJSON body into units, and stores each before it reads on. */
export class RowStream {
  private unit: CheckedRow[] = [];
  private unitBytes = 0;
  private received = 0;
  private storedAt: number;

  /** `store` answers how many rows of the task count; with an empty unit it only extends the lease. */
  constructor(
    private readonly clock: Clock,
    private readonly unitRows: number,
    private readonly flushAfterMs: number,
    private readonly store: (unit: readonly CheckedRow[]) => Promise<number>,
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
          this.add(checkedLine(line));
          if (this.isFull) stored = await this.flush();
        }
        if (this.clock.monotonicMs() - this.storedAt >= this.flushAfterMs)
          stored = await this.flush();
      }
      if (this.unit.length > 0) stored = await this.flush();
    } catch (error) {
      if (!(error instanceof BadRowError || error instanceof UnreadableLineError)) throw error;
      if (this.unit.length > 0) stored = await this.flush();
      throw refusal(error, stored);
    }
    return { received: this.received, stored };
  }

  private get isFull(): boolean {
    return this.unit.length >= this.unitRows || this.unitBytes >= UNIT_BYTES;
  }

  private add(row: CheckedRow): void {
    this.unit.push(row);
    this.unitBytes += row.bytes;
    this.received += 1;
  }

  private async flush(): Promise<number> {
    const { unit } = this;
    this.unit = [];
    this.unitBytes = 0;
    const stored = await this.store(unit);
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

function checkedLine({ number, text }: NdjsonLine): CheckedRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadRowError(number, [{ path: '', message: `is not JSON: ${reasonOf(error)}` }]);
  }
  const checked = checkRow(value);
  if (!('bytes' in checked)) throw new BadRowError(number, checked);
  return checked;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : 'syntax error';
}

function refusal(error: BadRowError | UnreadableLineError, stored: number): DomainError {
  const errors =
    error instanceof BadRowError ? error.errors : [{ path: '', message: error.message }];
  const [first] = errors;
  const what = [first?.path, first?.message].filter(Boolean).join(' ');
  return new DomainError('request.invalid', `Line ${error.line}: ${what}`, {
    line: error.line,
    stored,
    errors,
  });
}
