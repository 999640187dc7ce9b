import type { EdgePrincipal } from '@foreman/edges';
import { RandomIds } from '@foreman/kernel';
import { registerEdge } from '@foreman/testing';
import { CALLERS } from '../bench-plan';
import type { Engine } from './engine';

/** One registered edge for each caller, as the guard of the gateway would hand it on. */
export async function benchEdges(
  { database }: Pick<Engine, 'database'>,
  labels: EdgePrincipal['labels'] = {},
): Promise<(index: number) => EdgePrincipal> {
  const ids = new RandomIds();
  const edges = Array.from({ length: CALLERS }, (_, number): EdgePrincipal => ({
    edgeId: ids.uuid(),
    name: `edge-${number}`,
    kinds: ['bench'],
    labels,
    desired: 'run',
    maxLeases: null,
    agentVersion: null,
    platform: null,
  }));
  await database.unitOfWork.run(async (tx) => {
    for (const edge of edges) await registerEdge(tx, edge, 0);
  });
  return (index) => {
    const edge = edges[index % CALLERS];
    if (edge === undefined) throw new RangeError(`No edge for operation ${index}`);
    return edge;
  };
}
