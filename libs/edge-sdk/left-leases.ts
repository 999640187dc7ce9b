import type { AgentParts } from './agent-parts';
import { LeaseHeartbeat } from './lease-heartbeat';
import type { HeartbeatListener } from './lease-heartbeat';
import { LeaseSender } from './lease-sender';
import type { SendingEnd } from './lease-sender';
import type { HeldLease } from './outbox/outbox-entry';
import { releaseLease } from './release-lease';

export interface LeftLeaseSettings {
  /** How many are delivered at a time. */
  readonly concurrency: number;
  readonly heartbeatAnswered: HeartbeatListener['answered'];
  readonly tokenRefused: () => void;
}

/** An attempt that its agent did not survive. It is burnt: a task that kills its agent must not come back for ever. */
const RESTARTED = {
  code: 'agent.restarted',
  message: 'the agent ended while it worked on this attempt',
  retryable: true,
};

/**
 * Takes up what an earlier run of the agent left in the outbox. What had ended is delivered as it is; what had not is
 * reported as failed, after its rows, if another attempt can go on from them. Heartbeats keep all of these leases
 * alive meanwhile, or revive them.
 */
export class LeftLeases {
  private readonly over = new AbortController();

  constructor(
    private readonly parts: AgentParts,
    private readonly settings: LeftLeaseSettings,
  ) {}

  /** Resolves when all were delivered, or given up, or `stop()` was called. Rejects only when the outbox fails. */
  async deliver(leases: readonly HeldLease[]): Promise<void> {
    if (leases.length === 0) return;
    this.parts.log.info({ leases: leases.length }, 'delivering what an earlier run left');
    const left = leases.map((lease) => this.takeUp(lease));
    const lane = async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) await next();
    };
    await Promise.all(Array.from({ length: this.settings.concurrency }, lane));
  }

  /** What is not delivered yet stays for the next start. */
  stop(): void {
    this.over.abort();
  }

  /** Its heartbeats begin at once, its delivery when the returned function is called. */
  private takeUp(lease: HeldLease): () => Promise<void> {
    const isOver = new AbortController();
    const signal = AbortSignal.any([this.over.signal, isOver.signal]);
    let isCancelled = false;
    const heartbeat = new LeaseHeartbeat(this.parts, lease, {
      answered: this.settings.heartbeatAnswered,
      ended: (cause) => {
        if (cause === 'token_refused') return this.settings.tokenRefused();
        // A lost lease is left to the sender, whose own success looks the same from here.
        isCancelled = cause === 'cancelled';
        if (isCancelled) isOver.abort();
      },
    });
    heartbeat.start();
    this.over.signal.addEventListener('abort', () => void heartbeat.stop(), { once: true });
    return async () => {
      try {
        const { end, next } = await this.send(lease, signal);
        if (isCancelled) this.parts.outbox.closeLease(lease);
        const { taskId, jobId, kind, attempt } = lease;
        const told = { taskId, jobId, kind, attempt, end: isCancelled ? 'cancelled' : end };
        this.parts.log.info(told, 'task of an earlier run ended');
        // The slots are for the polls. Unburnt and at once, it costs the task nothing.
        if (next !== null) await releaseLease(this.parts, next);
      } finally {
        await heartbeat.stop();
      }
    };
  }

  private async send(lease: HeldLease, signal: AbortSignal): Promise<SendingEnd> {
    const { outbox } = this.parts;
    try {
      if (outbox.endingType(lease) === null) {
        await outbox.dropUploads(lease, lease.isResumable ? 'rows' : 'none', signal);
        await outbox.end(lease, { type: 'fail', request: RESTARTED }, signal);
      }
    } catch (error) {
      if (signal.aborted) return { end: 'stopped', next: null };
      throw error;
    }
    const nothing = () => undefined;
    return new LeaseSender(this.parts, lease, signal, {
      uploadRefused: nothing,
      leaseOver: nothing,
      tokenRefused: this.settings.tokenRefused,
    }).run();
  }
}
