import type { BlobSweepCounts } from '@foreman/artifacts';
import type { Kill } from '../artifacts-record';
import { WORKS } from '../load/gateway-link';

/** With so many kills it would be a wonder if one of these had never been under way. */
const KILLS_THAT_SHOW = 40;

/** A run that met nothing would find nothing: what its kills must have met, and did not. */
export function neverMet(kills: readonly Kill[], sweep: BlobSweepCounts): string[] {
  if (kills.length < KILLS_THAT_SHOW) return [];
  const unmet = WORKS.filter((work) => kills.every(({ underWay }) => !underWay.get(work)));
  return [
    ...unmet.map((work) => `no kill met this under way: ${work}`),
    ...(sweep.abandoned === 0 ? ['no kill left bytes behind for the sweep'] : []),
  ];
}
