import { readTime, type Clock } from '@foreman/kernel';
import type { AgentLog } from './agent-log';

/** Times in logs and rows are off by this much before anybody should be told. */
const TOLERATED_MS = 30_000;

/**
 * Compares this machine's clock with the gateway's, and warns when they are apart: once, and again only after they
 * agreed in between. Nothing of the protocol depends on it; logs, certificates and executors may.
 */
export class ClockSkew {
  private isWarned = false;

  constructor(
    private readonly clock: Clock,
    private readonly log: AgentLog,
  ) {}

  /** `serverTime` of an answer (ISO 8601), and when its call was made, on the monotonic clock. */
  answered(serverTime: string, askedMs: number): void {
    const serverMs = readTime(serverTime);
    if (serverMs === null) return;
    const nowMs = this.clock.now();
    const roundTripMs = Math.max(0, this.clock.monotonicMs() - askedMs);
    // The gateway read its clock at some moment between question and answer.
    const aheadMs = nowMs - roundTripMs - serverMs;
    const behindMs = serverMs - nowMs;
    const isSkewed = aheadMs > TOLERATED_MS || behindMs > TOLERATED_MS;
    if (isSkewed && !this.isWarned) {
      const skewSeconds = Math.round((nowMs - roundTripMs / 2 - serverMs) / 1000);
      this.log.warn({ skewSeconds }, "this machine's clock is not the gateway's: set one of them");
    }
    this.isWarned = isSkewed;
  }
}
