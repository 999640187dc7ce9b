import { Injectable } from '@nestjs/common';
import { DomainError } from '@foreman/kernel';
import { ResultsSettings } from '../results.options';

/**
 * Lets only so many reads of whole jobs run at a time: they share one thread and the memory of their
 * arrays, and more of them at once only make each slower.
 */
@Injectable()
export class HeavyReads {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly settings: ResultsSettings) {}

  /** Runs the read when it is its turn. @throws `rate.limited` when too many wait already. */
  async run<T>(read: () => Promise<T>): Promise<T> {
    await this.turn();
    try {
      return await read();
    } finally {
      // The place goes on to the next; `running` counts places, and stays.
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }

  private turn(): Promise<void> {
    if (this.running < this.settings.maxHeavyReads) {
      this.running += 1;
      return Promise.resolve();
    }
    if (this.waiting.length >= this.settings.maxWaitingReads) {
      throw new DomainError(
        'rate.limited',
        `${this.waiting.length} sorted, filtered or summed up reads of results are waiting already.`,
      );
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
