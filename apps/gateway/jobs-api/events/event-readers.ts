import { DomainError, Clock } from '@foreman/kernel';
import { JobChanges } from '@foreman/jobs';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { Response } from 'express';
import { GATEWAY_OPTIONS, type GatewayOptions } from '../../config/gateway-options';
import { EventFeed } from './event-feed';
import { EventPages } from './event-pages';
import { EventReader, type Reading } from './event-reader';
import { EventSocket } from './event-socket';

/** One job's readers at the most. */
const READERS_PER_JOB = 100;
/** Until a place may be free again. */
const NO_PLACE_RETRY_SECONDS = 5;

interface WatchedFeed {
  readonly feed: EventFeed;
  readonly unwatch: () => void;
}

/** All readers of live events in this process: their places, and the feeds that they share. */
@Injectable()
export class EventReaders implements OnModuleDestroy {
  private readonly logger = new Logger(EventReaders.name);
  private readonly feeds = new Map<string, WatchedFeed>();
  private readonly readers = new Set<EventReader>();
  private isClosed = false;

  constructor(
    private readonly clock: Clock,
    private readonly changes: JobChanges,
    private readonly pages: EventPages,
    @Inject(GATEWAY_OPTIONS) private readonly options: GatewayOptions,
  ) {}

  get count(): number {
    return this.readers.size;
  }

  /**
   * Streams to this response; settles when the stream is over.
   * @throws `rate.limited` when all places are taken, `server.busy` when the gateway stops.
   */
  async serve(jobId: string, reading: Reading, response: Response): Promise<void> {
    this.assertPlace(jobId);
    const { feed } = this.feeds.get(jobId) ?? this.watch(jobId);
    const socket = new EventSocket(response, this.clock);
    const reader = new EventReader(feed, this.pages, socket, this.clock, reading);
    this.readers.add(reader);
    try {
      response.writeHead(200, STREAM_HEADERS);
      response.flushHeaders();
      await reader.run();
    } catch (error) {
      // The headers are out: a stream that failed is cut off, and its reader comes back.
      socket.drop();
      const isRefusal = error instanceof DomainError && error.code !== 'internal';
      if (!isRefusal) this.logger.warn({ err: error, jobId }, 'A stream of events was cut off');
    } finally {
      this.readers.delete(reader);
      this.unwatchIfUnread(jobId);
    }
  }

  /** Before the connections are closed: none of these would end by itself. */
  onModuleDestroy(): void {
    this.isClosed = true;
    for (const reader of this.readers) reader.stop();
  }

  private assertPlace(jobId: string): void {
    if (this.isClosed) throw new DomainError('server.busy', 'The gateway stops.');
    const ofJob = this.feeds.get(jobId)?.feed.readers ?? 0;
    if (this.readers.size < this.options.maxEventReaders && ofJob < READERS_PER_JOB) return;
    throw new DomainError('rate.limited', 'Too many readers of events.', {
      retryAfterSeconds: NO_PLACE_RETRY_SECONDS,
    });
  }

  private watch(jobId: string): WatchedFeed {
    const feed = new EventFeed(jobId, this.pages, this.clock);
    const watched = { feed, unwatch: this.changes.watch(jobId, feed.changed) };
    this.feeds.set(jobId, watched);
    return watched;
  }

  private unwatchIfUnread(jobId: string): void {
    const watched = this.feeds.get(jobId);
    if (watched === undefined || watched.feed.readers > 0) return;
    watched.unwatch();
    watched.feed.close();
    this.feeds.delete(jobId);
  }
}

export const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  // nginx would collect what is to be read at once.
  'X-Accel-Buffering': 'no',
} as const;
