import type { DesiredState, EdgeEntity, Labels } from './edge.entity';

/** The edge that calls, as it was when it was let in. */
export interface EdgePrincipal {
  readonly edgeId: string;
  readonly name: string;
  readonly kinds: readonly string[];
  readonly labels: Readonly<Labels>;
  readonly desired: DesiredState;
  readonly maxLeases: number | null;
  /** What its agent last called itself; null: it never said. */
  readonly agentVersion: string | null;
  /** `<os>-<architecture>`, as it enrolled. */
  readonly platform: string | null;
}

export function edgePrincipalOf(edge: EdgeEntity): EdgePrincipal {
  return {
    edgeId: edge.id,
    name: edge.name,
    kinds: edge.kinds,
    labels: edge.labels,
    desired: edge.desired,
    maxLeases: edge.maxLeases,
    agentVersion: edge.agentVersion,
    platform: edge.platform,
  };
}
