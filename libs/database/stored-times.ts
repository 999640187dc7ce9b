import { Injectable } from '@nestjs/common';
import type { Tx } from './unit-of-work';

/** Moves times of one lib by so many ms (negative: back). May be run again when its transaction is. */
export type StoredTimesShift = (tx: Tx, driftMs: number) => Promise<void>;

/**
 * Who has stored times that were counted from the clock. When the wall clock was set to another time, they move along in
 * the very transaction in which the clock follows (leasing's ClockSteps sees to it), so that everything that waits
 * keeps what is left of its wait.
 */
@Injectable()
export class StoredTimes {
  private readonly shifts: StoredTimesShift[] = [];

  /** For as long as the application runs. */
  register(shift: StoredTimesShift): void {
    this.shifts.push(shift);
  }

  async moveAlong(tx: Tx, driftMs: number): Promise<void> {
    for (const shift of this.shifts) await shift(tx, driftMs);
  }
}
