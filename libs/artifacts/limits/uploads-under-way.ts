import { Injectable } from '@nestjs/common';
import { Clock, DomainError } from '@foreman/kernel';
import { ArtifactsSettings } from '../artifacts.options';
import type { StagingPlace } from './artifact-usage';

/** An input's bytes never change: several may send them at the same moment, and all are told that they are there. */
const UPLOADS_PER_INPUT = 8;
/** One of which nothing came for so long may be of an edge that has crashed: it holds no place that another wants. */
const SILENT_MS = 30_000;
/** Until one of the uploads has probably come to its end. */
const NO_PLACE_RETRY_SECONDS = 1;
/** Long enough for the newer one to end: two living senders must not drive each other out by turns. */
const DISPLACED_RETRY_SECONDS = 10;

/**
 * The bodies that flow into this process. Until they are recorded they count against no other limit, so they have
 * one of their own. Bounded by itself: what has no upload has no entry.
 */
@Injectable()
export class UploadsUnderWay {
  /** By lease or input, then by what is its own; the oldest first. */
  private readonly ofOwner = new Map<string, Map<string, Passage>>();
  private arrivals = 0;

  constructor(
    private readonly clock: Clock,
    private readonly settings: ArtifactsSettings,
  ) {}

  /** How many there are. */
  get count(): number {
    let count = 0;
    for (const passages of this.ofOwner.values()) count += passages.size;
    return count;
  }

  /**
   * Has `work` take an artifact's body in. A newer upload of the same name under the same lease takes the place of
   * an older one, whose body then throws `server.busy`: the older is as a rule the remains of a connection that
   * broke, which the gateway may not notice for minutes, while its sender tries again. One whose bytes have all
   * come is not stopped. So does one that has been silent for 30 s, once all places are taken. Only for a lease that
   * was found alive.
   * @throws `rate.limited` when the lease has as many of other names under way as it may.
   */
  async ofLease<T>(
    { taskId, leaseToken, name }: StagingPlace,
    body: AsyncIterable<Buffer>,
    work: (body: AsyncIterable<Buffer>) => Promise<T>,
  ): Promise<T> {
    const owner = `lease ${taskId} ${leaseToken}`;
    const passages = this.passagesOf(owner);
    const { uploadsPerLease } = this.settings;
    if (!passages.has(name)) this.makeRoom(passages, uploadsPerLease, tooManyOfLease);
    giveWay(passages, name);
    return this.pass(owner, name, body, work);
  }

  /** The same for an input's bytes, of which there may be several uploads: none of them is newer than another. */
  async ofInput<T>(
    inputId: string,
    body: AsyncIterable<Buffer>,
    work: (body: AsyncIterable<Buffer>) => Promise<T>,
  ): Promise<T> {
    const owner = `input ${inputId}`;
    this.makeRoom(this.passagesOf(owner), UPLOADS_PER_INPUT, tooManyOfInput);
    this.arrivals += 1;
    return this.pass(owner, String(this.arrivals), body, work);
  }

  private makeRoom(
    passages: Map<string, Passage>,
    limit: number,
    tooMany: (limit: number) => DomainError,
  ): void {
    if (passages.size < limit) return;
    const silent = this.silentOf(passages);
    if (silent === null) throw tooMany(limit);
    giveWay(passages, silent);
  }

  private silentOf(passages: Map<string, Passage>): string | null {
    const before = this.clock.monotonicMs() - SILENT_MS;
    for (const [name, { movedAtMs }] of passages) if (movedAtMs <= before) return name;
    return null;
  }

  private passagesOf(owner: string): Map<string, Passage> {
    return this.ofOwner.get(owner) ?? new Map<string, Passage>();
  }

  private async pass<T>(
    owner: string,
    key: string,
    body: AsyncIterable<Buffer>,
    work: (body: AsyncIterable<Buffer>) => Promise<T>,
  ): Promise<T> {
    const passages = this.passagesOf(owner);
    this.ofOwner.set(owner, passages);
    const passage = new Passage(body, this.clock);
    passages.set(key, passage);
    try {
      return await work(passage);
    } finally {
      if (passages.get(key) === passage) passages.delete(key);
      // One that gave way may settle late, when its successors have places of their own.
      if (passages.size === 0 && this.ofOwner.get(owner) === passages) this.ofOwner.delete(owner);
    }
  }
}

function giveWay(passages: Map<string, Passage>, key: string): void {
  passages.get(key)?.giveWay();
  passages.delete(key);
}

/** A body that can be told to end, also while its next piece is waited for. */
class Passage implements AsyncIterable<Buffer> {
  movedAtMs: number;
  private refusal: DomainError | null = null;
  private stopWaiting: (refusal: DomainError) => void = () => undefined;

  constructor(
    private readonly body: AsyncIterable<Buffer>,
    private readonly clock: Clock,
  ) {
    this.movedAtMs = clock.monotonicMs();
  }

  giveWay(): void {
    this.refusal = displaced();
    this.stopWaiting(this.refusal);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    const source = this.body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.nextOf(source);
        if (next.done === true) return;
        this.movedAtMs = this.clock.monotonicMs();
        yield next.value;
      }
    } finally {
      const returned = source.return?.();
      // It may wait for a piece that never comes.
      if (this.refusal === null) await returned;
      else returned?.catch(() => undefined);
    }
  }

  private nextOf(source: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
    if (this.refusal !== null) throw this.refusal;
    return new Promise((resolve, reject) => {
      this.stopWaiting = reject;
      source.next().then(resolve, reject);
    });
  }
}

function tooManyOfLease(limitCount: number): DomainError {
  return noPlace(
    `A lease may have at most ${limitCount} uploads under way (FOREMAN_UPLOADS_PER_LEASE).`,
    limitCount,
  );
}

function tooManyOfInput(limitCount: number): DomainError {
  return noPlace(`An input may have at most ${limitCount} uploads under way.`, limitCount);
}

function noPlace(message: string, limitCount: number): DomainError {
  const retryAfterSeconds = NO_PLACE_RETRY_SECONDS;
  return new DomainError('rate.limited', message, { limitCount, retryAfterSeconds });
}

function displaced(): DomainError {
  return new DomainError('server.busy', 'A newer upload of the same has taken the place of this.', {
    retryAfterSeconds: DISPLACED_RETRY_SECONDS,
  });
}
