import type { Clock, ClockTimer } from '@foreman/kernel';
import type { EventPage, EventPages } from './event-pages';

/** Progress is read, and told, at most this often, in ms: quick enough for eyes. */
export const PROGRESS_EVERY_MS = 500;
/** Other processes' changes are not announced here, and rates age without any; in ms. */
const LOOK_EVERY_MS = 5000;

/**
 * One job's events, for all of its readers: what they ask for at the same time is read once. Holds no
 * more than the page that was asked for last.
 */
export class EventFeed {
  /** The latest progress, as a frame. */
  progress = '';
  /** Grows with all that is new, `progress` included. */
  news = 0;
  private version = 0;
  private latest: { version: number; after: number; page: Promise<EventPage | null> } | null = null;
  private readonly wakes = new Set<() => void>();
  private progressTimer: ClockTimer | null = null;
  private lookTimer: ClockTimer;

  constructor(
    readonly jobId: string,
    private readonly pages: EventPages,
    private readonly clock: Clock,
  ) {
    this.lookTimer = clock.setTimer(LOOK_EVERY_MS, () => this.look());
  }

  get readers(): number {
    return this.wakes.size;
  }

  /** `wake` is called when `news` has grown. */
  join(wake: () => void): void {
    this.wakes.add(wake);
  }

  leave(wake: () => void): void {
    this.wakes.delete(wake);
  }

  close(): void {
    this.lookTimer.cancel();
    this.progressTimer?.cancel();
  }

  /** Something about the job has changed. */
  readonly changed = (): void => {
    this.version += 1;
    this.progressTimer ??= this.clock.setTimer(PROGRESS_EVERY_MS, () => {
      this.progressTimer = null;
      void this.readProgress();
    });
    this.tell();
  };

  /** Null when the job is not there any more. */
  page(after: number): Promise<EventPage | null> {
    const { latest, version } = this;
    if (latest?.after === after && latest.version === version) return latest.page;
    const page = this.pages.after(this.jobId, after);
    this.latest = { version, after, page };
    return page;
  }

  /** Never rejects: a job that is gone is told by its page, and a database that fails shows there, too. */
  async readProgress(): Promise<void> {
    const progress = await this.pages.progress(this.jobId).catch(() => null);
    if (progress === null || progress === this.progress) return;
    this.progress = progress;
    this.tell();
  }

  private look(): void {
    this.lookTimer = this.clock.setTimer(LOOK_EVERY_MS, () => this.look());
    this.changed();
  }

  private tell(): void {
    this.news += 1;
    for (const wake of [...this.wakes]) wake();
  }
}
