import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  BadOnesApart,
  ReadConnection,
  UnitOfWork,
  type Apart,
  type SqlValue,
  type Tx,
} from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { TaskEntity } from '@foreman/jobs';
import { LEASING_OPTIONS, type ResolvedLeasingOptions } from '../leasing.options';

/** The tasks whose moment has come, and whether one of them still is such a task. */
export interface Overdue {
  readonly page: string;
  readonly one: string;
}

/** Few tasks have one and the same moment: those alone are sorted, by their ids. */
export function overdue(which: string, at: string): Overdue {
  const due = `${which} AND ${at} <= ?`;
  return {
    page: `
      SELECT ${at} AS at, id FROM tasks WHERE ${due} AND (${at}, id) > (?, ?)
      ORDER BY ${at}, id LIMIT ?`,
    one: `SELECT * FROM tasks WHERE id = ? AND ${due}`,
  };
}

interface Place {
  readonly at: number;
  readonly id: string;
}

const FIRST: Place = { at: 0, id: '' };

/** Goes through what is overdue, page by page: tasks that cannot be ended hide none behind them. */
@Injectable()
export class OverdueTasks {
  private readonly apart: BadOnesApart;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    @Inject(LEASING_OPTIONS) private readonly options: ResolvedLeasingOptions,
  ) {
    this.apart = new BadOnesApart(new Logger('LeaseSweep'), clock);
  }

  /**
   * Ends each that is due now, a bounded batch a transaction, and where that throws each in its own. Answers what
   * `end` came to; null where there was nothing to end after all.
   */
  async end<Ending>(
    { page, one }: Overdue,
    end: (tx: Tx, task: TaskEntity, now: number) => Promise<Ending | null>,
  ): Promise<Apart<Ending>> {
    const { sweepBatch } = this.options;
    const upTo = this.clock.now();
    const results: Ending[] = [];
    let bad = 0;
    let last: Place | undefined = FIRST;
    while (last !== undefined) {
      const params: SqlValue[] = [upTo, last.at, last.id, sweepBatch];
      const due: Place[] = await this.reads.query<Place>(page, params);
      const batch = await this.apart.each(
        due,
        ({ id }) => id,
        (places) => this.unitOfWork.run((tx) => this.endIn(tx, places, one, end)),
      );
      results.push(...batch.results.flat());
      bad += batch.bad;
      last = due.length < sweepBatch ? undefined : due.at(-1);
    }
    return { results, bad };
  }

  /** Each is looked at again: its edge may have called, or the end of a sibling before it has ended it too. */
  private async endIn<Ending>(
    tx: Tx,
    places: readonly Place[],
    one: string,
    end: (tx: Tx, task: TaskEntity, now: number) => Promise<Ending | null>,
  ): Promise<Ending[]> {
    const now = this.clock.now();
    const ended: Ending[] = [];
    for (const { id } of places) {
      const [task] = await tx.entities(TaskEntity, one, [id, now]);
      const ending = task === undefined ? null : await end(tx, task, now);
      if (ending !== null) ended.push(ending);
    }
    return ended;
  }
}
