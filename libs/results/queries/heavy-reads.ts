import { Injectable } from '@nestjs/common';
import { DomainError } from '@foreman/kernel';
import { ResultsSettings } from '../results.options';

/** Pages of rows that one turn of the event loop reads at the most: some 3 ms of it, unless the rows are very large. */
const PAGES_AT_ONCE = 2;
/** Until one of many exports has come to its end. */
const EXPORTS_RETRY_SECONDS = 5;

/**
 * Lets only so many reads of result rows run at a time: they share one thread and the memory of their arrays, and more
 * of them at once only make each slower, and everybody else wait for all of them.
 */
@Injectable()
export class HeavyReads {
  private readonly wholeJobs: Places;
  private readonly pages = new Places(PAGES_AT_ONCE);
  private asked = 0;
  private exports = 0;

  constructor(private readonly settings: ResultsSettings) {
    this.wholeJobs = new Places(settings.maxHeavyReads);
  }

  /** Runs a read of a whole job when it is its turn. @throws `rate.limited` when too many wait already. */
  async run<T>(read: () => Promise<T>): Promise<T> {
    const { maxHeavyReads, maxWaitingReads } = this.settings;
    if (this.asked >= maxHeavyReads + maxWaitingReads) {
      throw new DomainError(
        'rate.limited',
        `${maxWaitingReads} sorted, filtered or summed up reads of results are waiting already.`,
      );
    }
    this.asked += 1;
    try {
      return await this.wholeJobs.run(read);
    } finally {
      this.asked -= 1;
    }
  }

  /**
   * Lets an export begin, which then waits for its turn with each `step` and `page`, and holds no place while its reader
   * takes what was read. Call what it answers once, when the export is over.
   * @throws `rate.limited` when too many are open.
   */
  openExport(): () => void {
    if (this.exports >= this.settings.maxOpenExports) {
      throw new DomainError(
        'rate.limited',
        `${this.exports} exports of results are open already.`,
        {
          retryAfterSeconds: EXPORTS_RETRY_SECONDS,
        },
      );
    }
    this.exports += 1;
    return () => {
      this.exports -= 1;
    };
  }

  /** A part of an export for which a whole job is gone through. */
  step<T>(read: () => Promise<T>): Promise<T> {
    return this.wholeJobs.run(read);
  }

  /** One short statement that reads rows themselves. */
  page<T>(read: () => Promise<T>): Promise<T> {
    return this.pages.run(read);
  }
}

/** First come, first served. A place is free again in the turn of the event loop after its read: others come between. */
class Places {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async run<T>(read: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await read();
    } finally {
      setImmediate(() => this.leave());
    }
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free += 1;
    else next();
  }
}
