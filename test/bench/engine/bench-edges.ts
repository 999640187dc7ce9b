import type { EdgePrincipal } from '@foreman/edges';
import { RandomIds } from '@foreman/kernel';
import { CALLERS } from '../bench-plan';

/** One edge for each caller, as the guard of the gateway would hand it on. */
export function benchEdges(): (index: number) => EdgePrincipal {
  const ids = new RandomIds();
  const edges = Array.from({ length: CALLERS }, (_, number): EdgePrincipal => ({
    edgeId: ids.uuid(),
    name: `edge-${number}`,
    kinds: ['bench'],
    labels: {},
    desired: 'run',
    maxLeases: null,
    agentVersion: null,
    platform: null,
  }));
  return (index) => {
    const edge = edges[index % CALLERS];
    if (edge === undefined) throw new RangeError(`No edge for operation ${index}`);
    return edge;
  };
}
