import { RandomSource, jitteredMs } from '@foreman/kernel';
import { Injectable } from '@nestjs/common';
import { GatewayLoad } from './gateway-load';

/** At ease: two heartbeats may be lost before a lease runs out. */
const INTERVALS_PER_LEASE = 3;
/** At the most: one may be lost. A longer interval would make each lost heartbeat a lost lease. */
const FEWEST_INTERVALS_PER_LEASE = 2;
/** Edges that begin together, after a start say, spread over a fifth of the interval. */
const JITTER = 0.1;

/** How often edges are asked to call. */
@Injectable()
export class HeartbeatInterval {
  constructor(
    private readonly load: GatewayLoad,
    private readonly random: RandomSource,
  ) {}

  /**
   * For a lease of this length, in whole seconds, at least 1: a third of it, up to half of it while the
   * gateway is loaded, drawn anew each time from 10% around that and never above half.
   */
  secondsFor(leaseSeconds: number): number {
    const leaseMs = leaseSeconds * 1000;
    const atEaseMs = leaseMs / INTERVALS_PER_LEASE;
    // What the jitter may add is left room for, so that a loaded gateway's edges spread as well.
    const stretchedMs = leaseMs / FEWEST_INTERVALS_PER_LEASE / (1 + JITTER);
    const middleMs = atEaseMs + (stretchedMs - atEaseMs) * this.load.level();
    return Math.max(1, Math.floor(jitteredMs(middleMs, JITTER, this.random) / 1000));
  }
}
