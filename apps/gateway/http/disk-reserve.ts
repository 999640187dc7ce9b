import { Clock, DomainError } from '@foreman/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../config/gateway-options';
import { FreeSpace } from './free-space';

/** How long a look at the file system is believed, in ms: it costs a system call. */
const LOOK_EVERY_MS = 1000;
/** What comes in is written to the database's log, and then to its file. */
const WRITTEN_TIMES = 2;

/**
 * Whether the disk has room for new work (FOREMAN_DISK_RESERVE_BYTES). What runs already may go into the reserve:
 * heartbeats, completions, and pruning, which needs room itself before it gives any back.
 */
@Injectable()
export class DiskReserve {
  private foundBytes = 0;
  /** Let in since the last look: a fast disk takes more in a second than the reserve may be. */
  private letInBytes = 0;
  private lookAgainAtMs = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly space: FreeSpace,
    @Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions,
  ) {}

  /**
   * @param comingBytes what the call is about to write, as far as that is known.
   * @throws `server.storage_full`
   */
  async assertRoom(comingBytes = 0): Promise<void> {
    const { diskReserveBytes } = this.options;
    if (diskReserveBytes === 0) return;
    this.letInBytes += comingBytes * WRITTEN_TIMES;
    const isOld = this.clock.monotonicMs() >= this.lookAgainAtMs;
    const hadRoom = this.foundBytes >= diskReserveBytes;
    const mayBeUsedUp = hadRoom && this.foundBytes - this.letInBytes < diskReserveBytes;
    if (isOld || mayBeUsedUp || this.looking !== null) await this.look();
    if (this.foundBytes >= diskReserveBytes) return;
    throw new DomainError(
      'server.storage_full',
      'The disk is nearly full: no new work is taken until there is room (FOREMAN_DISK_RESERVE_BYTES).',
      { retryAfterSeconds: 60 },
    );
  }

  /** A body that is cut off when there is no more room, however long it is. Its iterators throw `server.storage_full`. */
  whileRoom(body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    return { [Symbol.asyncIterator]: () => this.pieces(body) };
  }

  private async *pieces(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of body) {
      await this.assertRoom(piece.length);
      yield piece;
    }
  }

  /** One look for all who ask meanwhile. */
  private look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  private async lookOnce(): Promise<void> {
    this.letInBytes = 0;
    const lookAgainAtMs = this.clock.monotonicMs() + LOOK_EVERY_MS;
    this.foundBytes = await this.space.bytes();
    this.lookAgainAtMs = lookAgainAtMs;
  }
}
