import { Injectable } from '@nestjs/common';
import { sqlList, type Tx } from '@foreman/database';
import { StandingEndpointStore } from '../endpoints/standing-endpoint.store';

/**
 * A SQL condition for retention: whether a delivery of the job is still owed, or kept for a standing endpoint until
 * that is enabled again. A job's own endpoint that is gone is owed nothing. `jobId` is a column of the
 * statement around it, never input.
 */
export function owedDeliverySql(jobId: string): string {
  return `EXISTS (SELECT 1 FROM deliveries owed WHERE owed.job_id = ${jobId}
    AND (owed.status = 'pending' OR owed.status = 'disabled' AND EXISTS (
      SELECT 1 FROM webhook_endpoints kept WHERE kept.id = owed.endpoint_id
      AND kept.job_id IS NULL AND kept.removed_at IS NULL)))`;
}

/** Takes everything of this lib's away with its jobs. */
@Injectable()
export class DeliveryRemoval {
  constructor(private readonly endpoints: StandingEndpointStore) {}

  /**
   * Deliveries with their attempts, messages, and the jobs' own endpoints; standing endpoints stay, until they are removed. What is
   * still pending goes too: the caller has judged that it is owed no longer. Answers the number of deliveries.
   */
  async ofJobs(tx: Tx, jobIds: readonly string[]): Promise<number> {
    if (jobIds.length === 0) return 0;
    const { marks, params } = sqlList(jobIds);
    const ofJobs = `job_id IN (${marks})`;
    await tx.execute(
      `DELETE FROM delivery_attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE ${ofJobs})`,
      params,
    );
    const removed = await tx.execute(`DELETE FROM deliveries WHERE ${ofJobs}`, params);
    await tx.execute(`DELETE FROM webhook_messages WHERE ${ofJobs}`, params);
    await tx.execute(`DELETE FROM webhook_endpoints WHERE ${ofJobs}`, params);
    if (removed > 0) await this.endpoints.sweepRemoved(tx);
    return removed;
  }
}
