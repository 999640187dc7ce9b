import { sqlList, type Queryable } from '@foreman/database';

/** How many leases these edges hold, by edge id; none for an edge that holds none. */
export async function heldLeases(
  db: Queryable,
  edges: readonly { readonly id: string }[],
): Promise<Map<string, number>> {
  if (edges.length === 0) return new Map();
  const { marks, params } = sqlList(edges.map((edge) => edge.id));
  const rows = await db.query<{ lease_edge_id: string; count: number }>(
    `SELECT lease_edge_id, count(*) AS count FROM tasks
     WHERE status = 'leased' AND lease_edge_id IN (${marks})
     GROUP BY lease_edge_id`,
    params,
  );
  return new Map(rows.map((row) => [row.lease_edge_id, Number(row.count)]));
}
