import { ArtifactReads } from '@foreman/artifacts';
import { ReadConnection } from '@foreman/database';
import {
  JobEventLog,
  JobViews,
  isFinalized,
  type JobPosition,
  type JobState,
  type LoggedEvent,
} from '@foreman/jobs';
import { Injectable } from '@nestjs/common';
import { artifactFrame, loggedFrame, progressFrame } from './event-frames';

/** What comes next for a reader that has seen all up to some position. */
export interface EventPage {
  /** Frames; empty when there is nothing new. */
  readonly text: string;
  /** The position that they lead to. */
  readonly to: number;
  /** No more is there for now. */
  readonly isCaughtUp: boolean;
  /** No more will come: the job is finalized, and this tells its end. */
  readonly isLast: boolean;
}

/** Events read at once. */
const PAGE_EVENTS = 100;
/** A page ends with the event that brings it here: with that one's names it stays under a reader's limit (64 KiB). */
const PAGE_BYTES = 32 * 1024;
/** Names in one `artifact` event: 12 KiB at the most. */
const NAMES_LIMIT = 100;

/** Reads what readers are told, in pages of a bounded size. Null everywhere: the job is not there any more. */
@Injectable()
export class EventPages {
  constructor(
    private readonly reads: ReadConnection,
    private readonly log: JobEventLog,
    private readonly views: JobViews,
    private readonly artifacts: ArtifactReads,
  ) {}

  state(jobId: string): Promise<JobState | null> {
    return this.log.state(this.reads, jobId);
  }

  async progress(jobId: string): Promise<string | null> {
    const view = await this.views.one(this.reads, jobId);
    return view && progressFrame(view, await this.log.resultCount(this.reads, jobId));
  }

  /** Which artifacts are there, name by name, a frame at a time. */
  async *published(jobId: string): AsyncGenerator<string, void> {
    let after = '';
    for (;;) {
      const names = await this.artifacts.names(this.reads, jobId, { after, limit: NAMES_LIMIT });
      if (names.length > 0) yield artifactFrame(names, null, false);
      after = names.at(-1) ?? '';
      if (names.length < NAMES_LIMIT) return;
    }
  }

  /**
   * The events after a position. With a task's end, and the job's, the names that it has published come
   * first: who was cut off between the two is told both again.
   */
  async after(jobId: string, position: number): Promise<EventPage | null> {
    const job = await this.log.position(this.reads, jobId);
    if (job === null) return null;
    const upTo = job.position;
    const events = await this.log.between(this.reads, jobId, position, upTo, PAGE_EVENTS);
    let text = '';
    let to = position;
    for (const event of events) {
      text += await this.publishedWith(jobId, job, event);
      const isEnd = isFinalized(job.status) && event.position === upTo;
      if (isEnd) text += (await this.progress(jobId)) ?? '';
      text += loggedFrame(event);
      to = event.position;
      if (Buffer.byteLength(text) >= PAGE_BYTES) break;
    }
    const isCaughtUp = to >= upTo;
    return { text, to, isCaughtUp, isLast: isCaughtUp && isFinalized(job.status) };
  }

  private async publishedWith(
    jobId: string,
    job: JobPosition,
    event: LoggedEvent,
  ): Promise<string> {
    const prefix = namesOf(job, event);
    if (prefix === null) return '';
    const range = { prefix, limit: NAMES_LIMIT + 1 };
    const names = await this.artifacts.names(this.reads, jobId, range);
    if (names.length === 0) return '';
    const isCut = names.length > NAMES_LIMIT;
    return artifactFrame(names.slice(0, NAMES_LIMIT), event.task?.index ?? null, isCut);
  }
}

/** How the names begin that an event has published; null for none. */
function namesOf(job: JobPosition, { type, task }: LoggedEvent): string | null {
  const isOnlyTask = job.taskCount === 1;
  if (type === 'task.completed' || type === 'task.failed')
    return isOnlyTask ? '' : `${task.index}.`;
  return type === 'job.completed' && !isOnlyTask ? 'completion' : null;
}
