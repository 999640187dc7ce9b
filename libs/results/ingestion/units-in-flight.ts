import type { CheckedRow } from '../result-row';

/** So many units of one body are stored at a time: they share commits, and the next is read meanwhile. */
export const UNITS_IN_FLIGHT = 4;

/** Units of one body on their way to the database, which takes them in the order in which they were added. */
export class UnitsInFlight {
  private readonly waiting: Promise<number>[] = [];
  private stored: number | null = null;
  private hasRefused = false;

  /** `store` answers how many rows of the task count after the unit. */
  constructor(private readonly store: (unit: readonly CheckedRow[]) => Promise<number>) {}

  /** Resolves when there is room for one more. @throws what an earlier unit was refused for, as soon as that is known. */
  async add(unit: readonly CheckedRow[]): Promise<void> {
    if (this.hasRefused) await this.landed();
    const storing = this.store(unit);
    // Thrown in its turn; until then it must not count as overlooked.
    storing.catch(() => (this.hasRefused = true));
    this.waiting.push(storing);
    if (this.waiting.length >= UNITS_IN_FLIGHT) await this.land();
  }

  /** When all are stored: what the last of them answered; null where there was none. @throws as `add`. */
  async landed(): Promise<number | null> {
    while (this.waiting.length > 0) await this.land();
    return this.stored;
  }

  /** Waits for all, whatever becomes of them: once a body is answered, nothing of it is still being written. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.waiting.splice(0));
  }

  private async land(): Promise<void> {
    const oldest = this.waiting.shift();
    if (oldest === undefined) return;
    try {
      this.stored = await oldest;
    } catch (refusal) {
      await this.abandon();
      throw refusal;
    }
  }
}
