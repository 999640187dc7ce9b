import type { Tx } from '@foreman/database';

/** Of an edge, what decides its leases. */
export interface EdgeToRegister {
  readonly edgeId: string;
  readonly kinds: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly maxLeases: number | null;
}

/** Makes an edge known as its enrolment would, but under an id that the caller has chosen. */
export async function registerEdge(tx: Tx, edge: EdgeToRegister, now: number): Promise<void> {
  await tx.insert('edges', {
    id: edge.edgeId,
    name: edge.edgeId,
    kinds: JSON.stringify(edge.kinds),
    labels: JSON.stringify(edge.labels),
    token_hash: edge.edgeId,
    desired: 'run',
    max_leases: edge.maxLeases,
    created_at: now,
  });
}
