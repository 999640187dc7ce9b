import { Injectable } from '@nestjs/common';
import { UnitOfWork, sqlList, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { endpointNotFound } from '../endpoints/standing-endpoints.service';
import { StandingEndpointStore } from '../endpoints/standing-endpoint.store';
import type { DeliveryStatus } from '../entities/delivery.entity';
import { DeliveryWakeup } from '../sending/delivery-wakeup';
import { endpointDisabled } from './endpoint-disabled';

/** Deliveries that one bulk unit owes anew. */
const BATCH = 500;

/** What may be owed anew: what is over. */
export const REDELIVERABLE = ['exhausted', 'delivered', 'superseded'] as const;

/** Which of an endpoint's deliveries. */
export interface RedeliverySelection {
  /** Absent: the exhausted ones. */
  readonly status?: Extract<DeliveryStatus, (typeof REDELIVERABLE)[number]>;
  /** Of events since then, it included; epoch ms. */
  readonly after?: number;
  /** Of events before then; epoch ms. Absent: all so far. */
  readonly before?: number;
}

/** Owes many deliveries of one standing endpoint anew, each with the whole schedule before it and the same `webhook-id`. */
@Injectable()
export class EndpointRedelivery {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly endpoints: StandingEndpointStore,
    private readonly wakeup: DeliveryWakeup,
    private readonly clock: Clock,
  ) {}

  /**
   * Oldest first, in bounded pieces in the bulk lane; cut off, it may be asked for again. Answers how many.
   * @throws `endpoint.not_found`; `endpoint.disabled`: enabling replays what was kept.
   */
  async redeliver(endpointId: string, selection: RedeliverySelection): Promise<number> {
    let after: Position = { createdAt: selection.after ?? 0, id: '' };
    let count = 0;
    for (;;) {
      const rows = await this.unitOfWork.run(
        (tx) => this.oweBatch(tx, endpointId, selection, after),
        'bulk',
      );
      count += rows.length;
      const last = rows.at(-1);
      if (last === undefined) return count;
      after = last;
    }
  }

  private async oweBatch(
    tx: Tx,
    endpointId: string,
    { status = 'exhausted', before }: RedeliverySelection,
    after: Position,
  ): Promise<Position[]> {
    const now = this.clock.now();
    const endpoint = await this.endpoints.find(tx, endpointId);
    if (endpoint === null) throw endpointNotFound(endpointId);
    if (endpoint.disabledAt !== null) throw endpointDisabled();
    const rows = await tx.query<{ id: string; created_at: number }>(NEXT, [
      endpointId,
      status,
      after.createdAt,
      after.id,
      before ?? now + 1,
      BATCH,
    ]);
    if (rows.length === 0) return [];
    const { marks, params } = sqlList(rows.map(({ id }) => id));
    await tx.execute(
      `UPDATE deliveries SET status = 'pending', schedule_step = 0, next_attempt_at = ?,
         is_due = 1, claimed_until = NULL, finished_at = NULL
       WHERE id IN (${marks})`,
      [now, ...params],
    );
    tx.afterCommit(() => this.wakeup.wake());
    return rows.map(({ id, created_at: createdAt }) => ({ createdAt: Number(createdAt), id }));
  }
}

interface Position {
  readonly createdAt: number;
  readonly id: string;
}

/** By its place in time, not by its state alone: what fails again at once is not met a second time. */
const NEXT = `
  SELECT id, created_at FROM deliveries
  WHERE endpoint_id = ? AND status = ? AND (created_at, id) > (?, ?) AND created_at < ?
  ORDER BY created_at, id LIMIT ?`;
