import { delay, invalidField } from '@foreman/kernel';
import type { Clock } from '@foreman/kernel';
import type { AgentLog } from '../agent-log';
import { TaskFailure } from '../executor';
import type { LeasedTask } from '../protocol.types';
import type { Dropped, Ending, HeldLease, OutboxEntry, Upload } from './outbox-entry';
import { openOutboxFile, outboxErrorCode } from './outbox-file';
import { OutboxRoom } from './outbox-room';
import { OutboxStore } from './outbox-store';

export interface OutboxOptions {
  readonly clock: Clock;
  readonly log: AgentLog;
  /** What may wait for the gateway, in bytes of rows and artifacts. */
  readonly maxBytes?: number;
}

/** Enough for an hour at 2 Mbit/s; small beside the disk of anything that runs tasks. */
export const DEFAULT_OUTBOX_MAX_BYTES = 1024 * 1024 * 1024;
/** One batch of rows and one artifact of the gateway's default limit must fit. */
export const LEAST_OUTBOX_BYTES = 16 * 1024 * 1024;

/** Somebody else has to make room on the disk. */
const DISK_FULL_PAUSE_MS = 5_000;

/**
 * What the gateway is owed, in a file that survives this process: rows, artifacts and endings, by lease, in their
 * order. One agent has it at a time. Nothing is kept in memory but the count of bytes.
 *
 * A hand-over that does not fit, into the limit or on the disk, waits. Endings are small, one a lease, and need no
 * room: work that is done is not lost for want of it.
 */
export class Outbox {
  private readonly arrivals = new Map<number, () => void>();

  private constructor(
    private readonly store: OutboxStore,
    private readonly room: OutboxRoom,
    private readonly options: Pick<OutboxOptions, 'clock' | 'log'>,
  ) {}

  /** Throws `OutboxUnusable` when the file is held by another agent, newer than this one, or broken. */
  static open(file: string, options: OutboxOptions): Outbox {
    const { maxBytes = DEFAULT_OUTBOX_MAX_BYTES } = options;
    if (!(maxBytes >= LEAST_OUTBOX_BYTES)) {
      throw invalidField('outboxMaxBytes', `must be at least ${LEAST_OUTBOX_BYTES}`);
    }
    return Outbox.on(new OutboxStore(openOutboxFile(file)), maxBytes, options);
  }

  /** On a store that is open already. */
  static on(
    store: OutboxStore,
    maxBytes: number,
    options: Pick<OutboxOptions, 'clock' | 'log'>,
  ): Outbox {
    return new Outbox(store, new OutboxRoom(maxBytes, store.heldBytes()), options);
  }

  /** Bytes that wait for the gateway. */
  get heldBytes(): number {
    return this.room.usedBytes;
  }

  /** Hand-overs that wait for room. */
  get waitingForRoom(): number {
    return this.room.waiting;
  }

  /** The leases whose end the gateway has not taken, the oldest first. */
  leases(): HeldLease[] {
    return this.store.leases();
  }

  /** Notes that work on the task begins. */
  openLease(task: LeasedTask, isResumable: boolean, signal: AbortSignal): Promise<HeldLease> {
    const { clock } = this.options;
    return this.written(() => this.store.addLease(task, isResumable, clock.now()), signal);
  }

  /**
   * Resolves when the upload is on the disk; waits for room before. Rejects with the signal's reason, or with a
   * final `TaskFailure` (`outbox.too_small`) for what could never fit.
   */
  async add(lease: HeldLease, upload: Upload, signal: AbortSignal): Promise<void> {
    const bytes = upload.body.length;
    if (bytes > this.room.maxBytes) {
      const limit = `the outbox of this agent holds ${this.room.maxBytes} bytes (outboxMaxBytes)`;
      throw new TaskFailure('outbox.too_small', `${bytes} bytes are too many: ${limit}`, false);
    }
    await this.room.take(bytes, signal);
    try {
      await this.written(() => this.store.addUpload(lease, upload), signal);
    } catch (error) {
      this.room.giveBack(bytes);
      throw error;
    }
    this.arrivals.get(lease.id)?.();
  }

  /** Resolves when the ending is on the disk. The first ending of a lease counts: a later one changes nothing. */
  async end(lease: HeldLease, ending: Ending, signal: AbortSignal): Promise<void> {
    if (this.store.endingType(lease) !== null) return;
    this.room.takeAnyway(await this.written(() => this.store.addEnding(lease, ending), signal));
    this.arrivals.get(lease.id)?.();
  }

  /** The ending takes the place of everything that the lease still has. */
  async endInstead(lease: HeldLease, ending: Ending, signal: AbortSignal): Promise<Dropped> {
    const { dropped, added } = await this.written(
      () => this.store.endInstead(lease, ending),
      signal,
    );
    this.room.takeAnyway(added);
    this.room.giveBack(dropped.bytes);
    return dropped;
  }

  endingType(lease: HeldLease): Ending['type'] | null {
    return this.store.endingType(lease);
  }

  /** What is to be sent next, or null. Read from the file. */
  first(lease: HeldLease): OutboxEntry | null {
    return this.store.first(lease);
  }

  /** Settles when something was added to the lease, or the signal aborts. For one waiter a lease. */
  arrival(lease: HeldLease, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const go = () => {
        signal.removeEventListener('abort', go);
        this.arrivals.delete(lease.id);
        resolve();
      };
      this.arrivals.set(lease.id, go);
      signal.addEventListener('abort', go, { once: true });
    });
  }

  /** The gateway has taken it. */
  async remove(entry: OutboxEntry, signal: AbortSignal): Promise<void> {
    this.room.giveBack(await this.written(() => this.store.removeEntry(entry.seq), signal));
  }

  /** Gives up what is not an ending; `rows` may be kept. */
  async dropUploads(
    lease: HeldLease,
    keeps: 'rows' | 'none',
    signal: AbortSignal,
  ): Promise<Dropped> {
    const dropped = await this.written(() => this.store.removeUploads(lease, keeps), signal);
    this.room.giveBack(dropped.bytes);
    return dropped;
  }

  /**
   * The lease is over; what it still has is given up. On a full disk it may stay: the next start tries it again, and
   * the gateway's answer to that is harmless.
   */
  closeLease(lease: HeldLease): Dropped {
    try {
      const dropped = this.store.removeLease(lease);
      this.room.giveBack(dropped.bytes);
      return dropped;
    } catch (error) {
      if (outboxErrorCode(error) !== 'SQLITE_FULL') throw error;
      this.options.log.warn({ taskId: lease.taskId }, 'the disk is full: a lease stays noted');
      return { entries: 0, bytes: 0 };
    }
  }

  /** Lets another agent have the file. */
  close(): void {
    this.store.close();
  }

  private async written<T>(write: () => T, signal: AbortSignal): Promise<T> {
    for (let failures = 0; ; failures += 1) {
      signal.throwIfAborted();
      try {
        return write();
      } catch (error) {
        if (outboxErrorCode(error) !== 'SQLITE_FULL') throw error;
      }
      if (failures === 0) {
        this.options.log.warn({}, 'the disk of the outbox is full: waiting for room');
        this.store.foldLog();
      }
      await delay(this.options.clock, DISK_FULL_PAUSE_MS, signal);
    }
  }
}
