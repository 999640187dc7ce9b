import { retrying } from '@foreman/gateway-http';
import type { AgentParts } from './agent-parts';
import { TaskFailure } from './executor';
import { failureReport } from './failure-report';
import { reportLostLease } from './lost-lease';
import type { Dropped, HeldLease, OutboxEntry } from './outbox/outbox-entry';
import type { LeasedTask } from './protocol.types';
import { stopCauseOf } from './task-stop';

/** How the sending for one lease ended; `stopped` when its signal aborted: then the outbox still has the rest. */
export interface SendingEnd {
  readonly end: 'completed' | 'failed' | 'cancelled' | 'lost' | 'stopped';
  /** The lease that came with the completion. */
  readonly next: LeasedTask | null;
}

export interface SenderListener {
  /** The gateway refused an upload for good; the attempt's failure is queued instead of all that waited. */
  uploadRefused(): void;
  /** The lease is over: nothing more can be sent for it. */
  leaseOver(cause: 'cancelled' | 'lease_lost'): void;
  tokenRefused(): void;
}

/**
 * Sends what the outbox holds for one lease, strictly in its order, until the ending was taken: each entry leaves the
 * outbox when the gateway has accepted it. A gateway that is away costs only time. Only one sender a lease.
 */
export class LeaseSender {
  private gaveUp: Dropped | null = null;

  constructor(
    private readonly parts: AgentParts,
    private readonly lease: HeldLease,
    private readonly signal: AbortSignal,
    private readonly listener: SenderListener,
  ) {}

  /** Rejects only when the outbox itself fails. */
  async run(): Promise<SendingEnd> {
    const { outbox } = this.parts;
    while (!this.signal.aborted) {
      const entry = outbox.first(this.lease);
      if (entry === null) {
        await outbox.arrival(this.lease, this.signal);
        continue;
      }
      const end = await this.settle(entry).catch((error: unknown) => {
        if (this.signal.aborted) return STOPPED;
        throw error;
      });
      if (end !== null) return end;
    }
    return STOPPED;
  }

  /** Null when there may be more to send. */
  private async settle(entry: OutboxEntry): Promise<SendingEnd | null> {
    let next: LeasedTask | null;
    try {
      next = await this.deliver(entry);
    } catch (refusal) {
      this.signal.throwIfAborted();
      return this.refused(entry, refusal);
    }
    if (entry.type === 'rows' || entry.type === 'artifact') {
      await this.parts.outbox.remove(entry, this.signal);
      return null;
    }
    this.parts.outbox.closeLease(this.lease);
    return { end: entry.type === 'complete' ? 'completed' : 'failed', next };
  }

  private async deliver(entry: OutboxEntry): Promise<LeasedTask | null> {
    const { connection } = this.parts;
    const { lease, signal } = this;
    if (entry.type === 'rows') {
      await this.patiently('rows', () =>
        connection.postRowBatch(lease, entry.body, keyOf(entry), signal),
      );
    } else if (entry.type === 'artifact') {
      await this.stage(entry);
    } else if (entry.type === 'fail') {
      await this.patiently('failure', () => connection.fail(lease, entry.request, signal));
    } else {
      // What is given to a gateway only to be kept aside must not bring another task.
      const leasesNext = entry.leasesNext && this.gaveUp === null;
      const complete = () => connection.complete(lease, entry.request, leasesNext, signal);
      return (await this.patiently('completion', complete)).next;
    }
    return null;
  }

  private async stage(artifact: OutboxEntry & { type: 'artifact' }): Promise<void> {
    const stored = await this.patiently('artifact', () =>
      this.parts.connection.putArtifact(this.lease, artifact, keyOf(artifact), this.signal),
    );
    if (stored.sha256 === artifact.sha256) return;
    throw new TaskFailure(
      'artifact.digest_mismatch',
      `the gateway stored other bytes of artifact ${artifact.name} than were sent`,
      true,
    );
  }

  private async refused(entry: OutboxEntry, refusal: unknown): Promise<SendingEnd | null> {
    const { outbox, log } = this.parts;
    const cause = stopCauseOf(refusal);
    if (cause === 'token_refused') {
      this.listener.tokenRefused();
      return STOPPED;
    }
    if (cause === 'cancelled') {
      outbox.closeLease(this.lease);
      this.listener.leaseOver('cancelled');
      return { end: 'cancelled', next: null };
    }
    if (cause === 'lease_lost' || this.gaveUp !== null) return this.lost(entry, refusal);
    const { taskId } = this.lease;
    if (entry.type === 'fail') {
      // Not handed back: unburnt, the same task would come and fail here for ever. The lease runs out instead.
      log.error({ taskId, reason: String(refusal) }, 'failure report was refused');
      outbox.closeLease(this.lease);
      return { end: 'lost', next: null };
    }
    const request = failureReport(refusal);
    log.warn({ taskId, code: request.code, reason: request.message }, 'attempt failed');
    await outbox.endInstead(this.lease, { type: 'fail', request }, this.signal);
    if (entry.type !== 'complete') this.listener.uploadRefused();
    return null;
  }

  /**
   * The contract keeps the late writes of a lost lease aside: a completion that waits behind a refused upload is
   * given once, for an operator to find. Everything else goes.
   */
  private async lost(entry: OutboxEntry, refusal: unknown): Promise<SendingEnd | null> {
    const { outbox } = this.parts;
    if (entry.type !== 'complete' && outbox.endingType(this.lease) === 'complete') {
      this.gaveUp = await outbox.dropUploads(this.lease, 'none', this.signal);
      return null;
    }
    const { entries, bytes } = outbox.closeLease(this.lease);
    const before = this.gaveUp ?? { entries: 0, bytes: 0 };
    const dropped = { entries: entries + before.entries, bytes: bytes + before.bytes };
    reportLostLease(this.parts, this.lease, dropped, refusal);
    this.listener.leaseOver('lease_lost');
    return { end: 'lost', next: null };
  }

  private patiently<T>(what: string, call: () => Promise<T>): Promise<T> {
    const { clock, random, log } = this.parts;
    return retrying(call, {
      clock,
      random,
      signal: this.signal,
      onRetry: ({ error, delayMs }) =>
        log.warn(
          { taskId: this.lease.taskId, delayMs, reason: error.message },
          `${what} not accepted yet; trying again`,
        ),
    });
  }
}

/** An outbox gives each number once, and a lease has one outbox: the key is the entry's over restarts too. */
function keyOf({ seq }: OutboxEntry): string {
  return `outbox-${seq}`;
}

const STOPPED: SendingEnd = { end: 'stopped', next: null };
