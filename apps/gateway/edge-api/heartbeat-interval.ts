/** Two heartbeats may be lost before a lease runs out. */
const HEARTBEATS_PER_LEASE = 3;

/** How often an edge should call to keep a lease of this length, in whole seconds, at least 1. */
export function heartbeatSecondsFor(leaseSeconds: number): number {
  return Math.max(1, Math.floor(leaseSeconds / HEARTBEATS_PER_LEASE));
}
