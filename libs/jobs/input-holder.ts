import type { Tx } from '@foreman/database';
import type { NamedInput } from './job-command';

/** The inputs that a new job names, with the ids of the tasks that name their own. */
export interface JobInputs {
  readonly jobId: string;
  readonly inputs: readonly NamedInput[];
  readonly tasks: readonly {
    readonly taskId: string;
    readonly taskIndex: number;
    readonly inputs: readonly NamedInput[];
  }[];
}

/**
 * Takes hold of what a job names, in the transaction that submits it, so that it stays as long as the
 * job does. Whoever keeps the inputs gives it to `JobSubmission`.
 * @throws `request.invalid` naming each one that is not there: nothing is submitted then.
 */
export type InputHolder = (tx: Tx, named: JobInputs, now: number) => Promise<void>;
