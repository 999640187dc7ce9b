import type { JobStatus, JobView, LoggedEvent } from '@foreman/jobs';
import { isoTime } from '@foreman/kernel';
import type {
  ArtifactEventDto,
  JobProgressEventDto,
  JobStateEventDto,
  TaskEventDto,
} from './job-event.dto';

/** Events on the wire, by the WHATWG HTML standard (9.2.6): each frame ends with an empty line. */

/** How soon a browser comes back after a cut, in ms. */
const RETRY_MS = 2000;

export const RETRY_FRAME = `retry: ${RETRY_MS}\n\n`;
export const HEARTBEAT_FRAME = ': heartbeat\n\n';
/** The job was deleted. */
export const GONE_FRAME = frame('gone', {});

/** Moves the reader's Last-Event-ID without an event. */
export function idFrame(position: number): string {
  return `id: ${position}\n\n`;
}

interface State {
  readonly status: JobStatus;
  readonly run: number;
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
}

export function stateFrame({ status, run, seq, at }: State, position?: number): string {
  const data: JobStateEventDto = { status, run, seq, at: isoTime(at) };
  return frame('state', data, position);
}

export function progressFrame(view: JobView, resultCount: number): string {
  const { processed, total, status, ratePerSecond, etaSeconds } = view.progress;
  const { taskCounts, stalledTasks } = view;
  const data: JobProgressEventDto = {
    processed,
    total,
    status,
    ratePerSecond,
    etaSeconds,
    resultCount,
    taskCounts,
    stalledTasks,
  };
  return frame('progress', data);
}

export function artifactFrame(names: string[], taskIndex: number | null, isCut: boolean): string {
  const data: ArtifactEventDto = { names, taskIndex, isCut };
  return frame('artifact', data);
}

/** An event of the log: of the job `state`, of a task `task`. */
export function loggedFrame(event: LoggedEvent): string {
  const { position, run, at, task } = event;
  if (task === null) {
    const { seq, type } = event;
    return stateFrame({ status: STATUS_AFTER[type], run, seq, at }, position);
  }
  const { attempt, outcome, code } = event.data;
  const data: TaskEventDto = {
    type: event.type,
    taskId: task.id,
    taskIndex: task.index,
    run,
    attempt: typeof attempt === 'number' ? attempt : 0,
    outcome: typeof outcome === 'string' ? outcome : null,
    code: typeof code === 'string' ? code : null,
    at: isoTime(at),
  };
  return frame('task', data, position);
}

const STATUS_AFTER: Readonly<Record<Extract<LoggedEvent, { task: null }>['type'], JobStatus>> = {
  'job.created': 'queued',
  'job.started': 'running',
  'job.completed': 'completed',
  'job.failed': 'failed',
  'job.cancelled': 'cancelled',
  'job.retried': 'queued',
};

/** JSON has no line breaks of its own: the data is one line. */
function frame(event: string, data: object, position?: number): string {
  const id = position === undefined ? '' : `id: ${position}\n`;
  return `${id}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
