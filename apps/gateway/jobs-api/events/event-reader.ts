import type { JobState } from '@foreman/jobs';
import type { Clock } from '@foreman/kernel';
import { PROGRESS_EVERY_MS, type EventFeed } from './event-feed';
import { GONE_FRAME, HEARTBEAT_FRAME, RETRY_FRAME, idFrame, stateFrame } from './event-frames';
import type { EventPages } from './event-pages';
import type { EventSocket } from './event-socket';

/** Below the idle limits of proxies (60 s is usual), in ms. */
const HEARTBEAT_EVERY_MS = 15_000;

/** Who reads, and from where on. */
export interface Reading {
  readonly job: JobState;
  /** The Last-Event-ID; null: the reader is told the present first. */
  readonly after: number | null;
}

/**
 * Tells one reader all that happens to a job. It asks for the next page only when the reader has taken the
 * last one: a slow reader is told progress less often, and nothing piles up for it.
 */
export class EventReader {
  private toldProgress = '';
  private progressDueMs = 0;
  private heartbeatDueMs: number;
  private isStopping = false;
  private stopResting: () => void = () => undefined;

  constructor(
    private readonly feed: EventFeed,
    private readonly pages: EventPages,
    private readonly socket: EventSocket,
    private readonly clock: Clock,
    private readonly reading: Reading,
  ) {
    this.heartbeatDueMs = clock.monotonicMs() + HEARTBEAT_EVERY_MS;
  }

  /** Settles when the stream is over. */
  async run(): Promise<void> {
    this.feed.join(this.wake);
    this.socket.onClose(this.wake);
    try {
      await this.tellAll();
    } finally {
      this.feed.leave(this.wake);
    }
  }

  /** Cuts the stream off where it is: of a job that is finalized the end may have been told, and the artifacts not. */
  stop(): void {
    this.isStopping = true;
    this.socket.drop();
    this.wake();
  }

  private readonly wake = (): void => this.stopResting();

  private get isOver(): boolean {
    return this.isStopping || !this.socket.isOpen;
  }

  private async tellAll(): Promise<void> {
    let position = await this.begin();
    while (!this.isOver) {
      const { news } = this.feed;
      await this.beatIfDue();
      const page = await this.feed.page(position);
      await this.socket.write(page?.text ?? GONE_FRAME);
      if (page === null || page.isLast) return this.socket.end();
      position = page.to;
      if (!page.isCaughtUp) continue;
      await this.tellProgress();
      if (!this.isOver && this.feed.news === news) await this.rest();
    }
  }

  private async begin(): Promise<number> {
    const { job, after } = this.reading;
    await this.socket.write(after === null ? RETRY_FRAME + stateFrame(job) : RETRY_FRAME);
    await this.feed.readProgress();
    await this.tellProgress();
    if (after !== null) return after;
    for await (const frame of this.pages.published(this.feed.jobId)) {
      if (this.isOver) break;
      await this.socket.write(frame);
    }
    // Only now: who is cut off before has no Last-Event-ID, and is told all again.
    await this.socket.write(idFrame(job.position));
    return job.position;
  }

  /** Each reader gets the newest there is; what came between two is not told. */
  private async tellProgress(): Promise<void> {
    const { progress } = this.feed;
    const nowMs = this.clock.monotonicMs();
    if (progress === this.toldProgress || nowMs < this.progressDueMs) return;
    this.toldProgress = progress;
    this.progressDueMs = nowMs + PROGRESS_EVERY_MS;
    await this.socket.write(progress);
  }

  private async beatIfDue(): Promise<void> {
    if (this.clock.monotonicMs() < this.heartbeatDueMs) return;
    this.heartbeatDueMs = this.clock.monotonicMs() + HEARTBEAT_EVERY_MS;
    await this.socket.write(HEARTBEAT_FRAME);
  }

  /** Until there is news, or something is due, or the stream is over. */
  private rest(): Promise<void> {
    const hasProgress = this.feed.progress !== this.toldProgress;
    const dueMs = hasProgress
      ? Math.min(this.heartbeatDueMs, this.progressDueMs)
      : this.heartbeatDueMs;
    return new Promise((resolve) => {
      const settle = () => {
        timer.cancel();
        this.stopResting = () => undefined;
        resolve();
      };
      const timer = this.clock.setTimer(dueMs - this.clock.monotonicMs(), settle);
      this.stopResting = settle;
    });
  }
}
