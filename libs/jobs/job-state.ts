/** docs/state-machine.md draws these; the CHECK constraints of the schema repeat them. */
export type JobStatus = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';
export type TaskStatus = 'queued' | 'leased' | 'completed' | 'failed' | 'cancelled';
export type AttemptOutcome =
  'completed' | 'failed' | 'timed_out' | 'expired' | 'released' | 'cancelled' | 'revoked';
export type OnTaskFailure = 'fail' | 'continue';
/** What a stalled task comes to: it is only marked, or its attempt fails. */
export type OnStall = 'mark' | 'fail';

export const JOB_STATUSES: readonly JobStatus[] = [
  'queued',
  'running',
  'completed',
  'failed',
  'cancelled',
];

/** Completed, failed or cancelled: never changes again but by retention or an operator's retry. */
export function isFinalized(status: JobStatus | TaskStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}
