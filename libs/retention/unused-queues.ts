import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '@foreman/database';
import { forgetEmptyGroups, type GroupPlace } from '@foreman/jobs';

/** Queues, or claim groups, that one bulk unit looks at: a seek each. */
const PAGE = 500;
const FIRST_GROUP: GroupPlace = { classId: 0, queue: '' };
/** Units of one run, as long as each finds something to remove; else one. */
const PAGES_A_RUN = 20;

/**
 * Removes queues that no job names any more and that stand as they were made. The next job that names one makes it again
 * in its own transaction: a queue is there whenever a task waits in it. The claim groups of what was cancelled go too,
 * where no edge asks for their kind and so no claim comes across them.
 */
@Injectable()
export class UnusedQueues {
  /** Where the last run has stopped; all queues are walked, a little in each run. */
  private after = '';
  private afterGroup = FIRST_GROUP;

  constructor(private readonly unitOfWork: UnitOfWork) {}

  async runOnce(): Promise<number> {
    const from = this.afterGroup;
    const next = await this.unitOfWork.run((tx) => forgetEmptyGroups(tx, from, PAGE), 'bulk');
    this.afterGroup = next ?? FIRST_GROUP;
    let removed = 0;
    for (let page = 0; page < PAGES_A_RUN; page += 1) {
      const found = await this.removePage();
      removed += found;
      if (found === 0) break;
    }
    return removed;
  }

  private async removePage(): Promise<number> {
    const { after } = this;
    const { last, removed } = await this.unitOfWork.run(async (tx) => {
      const names = await tx.query<{ name: string }>(NEXT_QUEUES, [after, PAGE]);
      const end = names.at(-1)?.name ?? after;
      const count = await tx.execute(REMOVE_UNUSED, [after, end]);
      return { last: names.length < PAGE ? '' : end, removed: count };
    }, 'bulk');
    this.after = last;
    return removed;
  }
}

export const NEXT_QUEUES = 'SELECT name FROM queues WHERE name > ? ORDER BY name LIMIT ?';

/** By the very statement that removes: a submission comes before it or after it, and never between look and removal. */
export const REMOVE_UNUSED = `
  DELETE FROM queues WHERE name > ? AND name <= ? AND weight = 1 AND is_paused = 0
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.queue = queues.name AND jobs.hidden_at IS NULL)`;
