import { Injectable } from '@nestjs/common';
import { UnitOfWork, type Queryable, type Tx } from '@foreman/database';
import { DomainError, decodeCursor, pageOf, type Page, type PageRequest } from '@foreman/kernel';
import { PausedQueues } from './paused-queues';
import { pauseClaimGroups } from './claim-groups';
import { QueueEntity } from './queue.entity';
import { TaskAvailability } from './task-availability';

/** The named lines of tasks: paused or not, and their weights. */
@Injectable()
export class Queues {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly availability: TaskAvailability,
    private readonly paused: PausedQueues,
  ) {}

  /** By name. @throws `request.invalid` for a foreign cursor. */
  async list(db: Queryable, page: PageRequest): Promise<Page<QueueEntity>> {
    const after = page.cursor === null ? '' : String(decodeCursor(page.cursor, 1)[0]);
    const queues = await db.entities(
      QueueEntity,
      'SELECT * FROM queues WHERE name > ? ORDER BY name LIMIT ?',
      [after, page.limit + 1],
    );
    return pageOf(queues, page.limit, (queue) => [queue.name]);
  }

  /** A paused queue's tasks are not leased; those that run go on. @throws `queue.not_found`. */
  async pause(name: string): Promise<QueueEntity> {
    return this.change('is_paused = 1', [], name, async (tx) => {
      await pauseClaimGroups(tx, name, true);
      tx.afterCommit(() => this.paused.note(name, true));
    });
  }

  /** Wakes as many parked polls as it frees tasks that they can run. @throws `queue.not_found`. */
  async resume(name: string): Promise<QueueEntity> {
    return this.change('is_paused = 0', [], name, async (tx) => {
      await pauseClaimGroups(tx, name, false);
      tx.afterCommit(() => {
        this.paused.note(name, false);
        this.availability.announceResume(name);
      });
    });
  }

  /** 1..1000: its share beside other queues. @throws `queue.not_found`. */
  async setWeight(name: string, weight: number): Promise<QueueEntity> {
    return this.change('weight = ?', [weight], name);
  }

  private async change(
    set: string,
    values: number[],
    name: string,
    along: (tx: Tx) => Promise<void> = () => Promise.resolve(),
  ): Promise<QueueEntity> {
    return this.unitOfWork.run(async (tx) => {
      const [queue] = await tx.entities(
        QueueEntity,
        `UPDATE queues SET ${set} WHERE name = ? RETURNING *`,
        [...values, name],
      );
      if (queue === undefined)
        throw new DomainError('queue.not_found', `There is no queue ${name}.`);
      await along(tx);
      return queue;
    });
  }
}
