import type { Logger } from '@nestjs/common';
import type { Clock } from '@foreman/kernel';
import { isOfTheDatabase } from './database-errors';

/** A thing that fails at every run is told of once in this time. */
const TOLD_AGAIN_MS = 3_600_000;

/** What came of many things, a bad one of which stopped none of the others. */
export interface Apart<Result> {
  /** Of all of them at once, or of each that went through alone. */
  readonly results: Result[];
  /** How many threw. They are as they were before. */
  readonly bad: number;
}

/**
 * For whatever goes through many things: they are done together, and where that throws one by one, so that a bad one
 * costs itself only. Bad ones are logged by their ids, and left to the next run.
 */
export class BadOnesApart {
  /** When each was told of, on the monotonic clock, the oldest first. */
  private readonly toldAt = new Map<string, number>();

  constructor(
    private readonly logger: Logger,
    private readonly clock: Clock,
  ) {}

  /**
   * @param work does what it is given as a whole or not at all (a unit of work), or can be repeated after it threw.
   * @throws what lies with the database (a full disk, a stop) and would meet the next thing too.
   */
  async each<Thing, Result>(
    things: readonly Thing[],
    idOf: (thing: Thing) => string,
    work: (things: readonly Thing[]) => Promise<Result>,
  ): Promise<Apart<Result>> {
    if (things.length === 0) return { results: [], bad: 0 };
    try {
      return { results: [await work(things)], bad: 0 };
    } catch (error) {
      if (isOfTheDatabase(error)) throw error;
    }
    const results: Result[] = [];
    const bad: { readonly id: string; readonly error: unknown }[] = [];
    for (const thing of things) {
      try {
        results.push(await work([thing]));
      } catch (error) {
        if (isOfTheDatabase(error)) throw error;
        bad.push({ id: idOf(thing), error });
      }
    }
    this.tell(bad);
    return { results, bad: bad.length };
  }

  /** One line for those that are new; the error is the first one's. */
  private tell(bad: readonly { readonly id: string; readonly error: unknown }[]): void {
    const now = this.clock.monotonicMs();
    for (const [id, at] of this.toldAt) {
      if (now - at < TOLD_AGAIN_MS) break;
      this.toldAt.delete(id);
    }
    const news = bad.filter(({ id }) => !this.toldAt.has(id));
    const [first] = news;
    if (first === undefined) return;
    for (const { id } of news) this.toldAt.set(id, now);
    this.logger.error({
      msg: 'What cannot be done is left for the next run; the others are done',
      ids: news.map(({ id }) => id),
      error: first.error,
    });
  }
}
