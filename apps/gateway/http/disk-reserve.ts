import { Clock, DomainError } from '@foreman/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';
import { FreeSpace } from './free-space';

/** How long a look at the file system is believed, in ms: it costs a system call. */
const LOOK_EVERY_MS = 1000;
/**
 * What comes in is written to the database's log, and then to its file. As a rule the log is used again and again and
 * a body takes its size once; while a reader holds the log it grows by all that is written, and the file after it.
 */
const WRITTEN_TIMES = 2;

/**
 * Whether the disk has room for new work (FOREMAN_DISK_RESERVE_BYTES), together with all that is under way already.
 * What runs may go into the reserve: heartbeats, completions, and pruning, which needs room itself before it
 * gives any back.
 */
@Injectable()
export class DiskReserve {
  private foundBytes = 0;
  private underWayBytes = 0;
  /** Came in since the last look began, which may not have seen it: a fast disk takes more in a second than the reserve may be. */
  private unseenBytes = 0;
  private lookAgainAtMs = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly space: FreeSpace,
    @Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions,
  ) {}

  /** What the calls under way are to write, in bytes; 0 when there are none. */
  get announcedBytes(): number {
    return this.underWayBytes;
  }

  /**
   * Does work that is to write this many bytes, which nobody else is given meanwhile. They count in full until it
   * settles, though a part may be written already: better to refuse a little early than to fill the disk.
   * @throws `server.storage_full` before the work has begun; whatever the work throws.
   */
  async during<T>(comingBytes: number, work: () => Promise<T>): Promise<T> {
    if (this.options.diskReserveBytes === 0) return work();
    await this.letIn(comingBytes);
    try {
      return await work();
    } finally {
      this.underWayBytes -= comingBytes;
      this.unseenBytes += comingBytes;
    }
  }

  /** A body that is cut off when there is no more room, however long it is. Its iterators throw `server.storage_full`. */
  whileRoom(body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    return { [Symbol.asyncIterator]: () => this.pieces(body) };
  }

  private async *pieces(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of body) {
      await this.assertFlows(piece.length);
      yield piece;
    }
  }

  /** Nothing is awaited between its answer and its count, so that two who ask together do not get the same room. */
  private async letIn(bytes: number): Promise<void> {
    const isKnown = this.unseenBytes === 0 || this.fits(bytes);
    if (this.isOld || !isKnown) await this.look();
    if (!this.fits(bytes)) throw storageFull();
    this.underWayBytes += bytes;
  }

  private fits(bytes: number): boolean {
    const coming = this.underWayBytes + bytes + this.unseenBytes;
    return this.foundBytes - coming * WRITTEN_TIMES >= this.options.diskReserveBytes;
  }

  /** What flows was let in once, and is cut off by what the disk has, not by what others announce. */
  private async assertFlows(bytes: number): Promise<void> {
    const { diskReserveBytes } = this.options;
    if (diskReserveBytes === 0) return;
    this.unseenBytes += bytes;
    const hadRoom = this.foundBytes >= diskReserveBytes;
    const unseen = this.unseenBytes * WRITTEN_TIMES;
    const mayBeUsedUp = hadRoom && this.foundBytes - unseen < diskReserveBytes;
    if (this.isOld || mayBeUsedUp) await this.look();
    if (this.foundBytes < diskReserveBytes) throw storageFull();
  }

  private get isOld(): boolean {
    return this.looking !== null || this.clock.monotonicMs() >= this.lookAgainAtMs;
  }

  /** One look for all who ask meanwhile. */
  private look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  private async lookOnce(): Promise<void> {
    this.unseenBytes = 0;
    const lookAgainAtMs = this.clock.monotonicMs() + LOOK_EVERY_MS;
    this.foundBytes = await this.space.bytes();
    this.lookAgainAtMs = lookAgainAtMs;
  }
}

function storageFull(): DomainError {
  return new DomainError(
    'server.storage_full',
    'The disk is nearly full, or will be with what is under way: no new work is taken until there is room (FOREMAN_DISK_RESERVE_BYTES).',
    { retryAfterSeconds: 60 },
  );
}
