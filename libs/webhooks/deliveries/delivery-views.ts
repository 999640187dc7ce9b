import { sqlList, type Queryable } from '@foreman/database';
import { DeliveryAttemptEntity } from '../entities/delivery-attempt.entity';
import type { DeliveryEntity } from '../entities/delivery.entity';
import {
  deliveryView,
  viewForServices,
  type DeliveryContext,
  type DeliveryView,
} from './delivery-view';

/** The latest, of each delivery: every redelivery adds up to ten. */
const SHOWN_ATTEMPTS = 20;
/** Of receivers' answers, on one page. 500 deliveries with 20 answers of 4 KiB would be forty megabytes. */
const PAGE_CHARS = 4_194_304;

/** Who looks: a service gets to know of an administrator's standing endpoint only that and how it was sent to. */
export type DeliveryAudience = 'services' | 'administrators';

type ContextRow = DeliveryContext & {
  readonly id: string;
  readonly endpoint_job_id: string | null;
};

/** Each with its latest attempts, in the order given. */
export async function deliveryViews(
  db: Queryable,
  deliveries: readonly DeliveryEntity[],
  audience: DeliveryAudience,
): Promise<DeliveryView[]> {
  if (deliveries.length === 0) return [];
  const { marks, params } = sqlList(deliveries.map(({ id }) => id));
  const contexts = await db.query<ContextRow>(
    `SELECT d.id, m.type, m.run, m.seq, e.url, e.job_id AS endpoint_job_id FROM deliveries d
     JOIN webhook_messages m ON m.event_id = d.event_id
     JOIN webhook_endpoints e ON e.id = d.endpoint_id WHERE d.id IN (${marks})`,
    params,
  );
  const attempts = await db.entities(
    DeliveryAttemptEntity,
    `SELECT a.* FROM deliveries d JOIN delivery_attempts a
       ON a.delivery_id = d.id AND a.number > d.attempt_count - ${SHOWN_ATTEMPTS}
     WHERE d.id IN (${marks}) ORDER BY a.delivery_id, a.number`,
    params,
  );
  const contextOf = new Map(contexts.map((row) => [row.id, row]));
  const attemptsOf = new Map<string, DeliveryAttemptEntity[]>(deliveries.map(({ id }) => [id, []]));
  for (const attempt of attempts) attemptsOf.get(attempt.deliveryId)?.push(attempt);
  return deliveries.flatMap((delivery) => {
    const context = contextOf.get(delivery.id);
    if (context === undefined) return [];
    const view = deliveryView(delivery, context, attemptsOf.get(delivery.id) ?? []);
    const isOthers = audience === 'services' && context.endpoint_job_id === null;
    return [isOthers ? viewForServices(view) : view];
  });
}

/** The first of them, as many as fit on a page: one at least. */
export async function fittingDeliveries(
  db: Queryable,
  deliveries: readonly DeliveryEntity[],
): Promise<readonly DeliveryEntity[]> {
  if (deliveries.length === 0) return [];
  const { marks, params } = sqlList(deliveries.map(({ id }) => id));
  const sizes = await db.query<{ id: string; chars: number | null }>(
    `SELECT d.id, sum(length(a.response_excerpt)) AS chars FROM deliveries d JOIN delivery_attempts a
       ON a.delivery_id = d.id AND a.number > d.attempt_count - ${SHOWN_ATTEMPTS}
     WHERE d.id IN (${marks}) GROUP BY d.id`,
    params,
  );
  const charsOf = new Map(sizes.map(({ id, chars }) => [id, Number(chars ?? 0)]));
  let chars = 0;
  const tooMany = deliveries.findIndex(({ id }) => (chars += charsOf.get(id) ?? 0) > PAGE_CHARS);
  return tooMany === -1 ? deliveries : deliveries.slice(0, Math.max(1, tooMany));
}
