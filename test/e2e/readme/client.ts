import type { ForemanClient } from '@foreman/client';

/** Submits once for an order, however often it is called; waits for the end; reads the best row. */
export async function largestSquare(foreman: ForemanClient, order: string, upTo: number) {
  const request = { kind: 'squares', payload: { upTo } };
  const { id } = await foreman.submit(request, { idempotencyKey: order });
  const job = await foreman.waitForFinalized(id);
  if (job.status !== 'completed') throw new Error(`Job ${id} has ${job.status}`);
  const rows = foreman.results(id, { sort: 'metrics.square', order: 'desc', pageSize: 1 });
  const best = await rows.next();
  return best.done ? null : best.value.metrics['square'];
}
