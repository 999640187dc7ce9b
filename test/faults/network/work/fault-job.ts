import type { JobRequest, TaskRequest } from '@foreman/client';
import { chosenNumber } from '../../chance';

/** The kind that the agents of this run can run. */
export const FAULT_KIND = 'fault-test';

/** A task's payload: all that its rows and its artifact are made from. */
export interface FaultTask {
  readonly seed: number;
  readonly number: number;
  readonly rowCount: number;
  readonly artifactBytes: number;
}

/** A job to be submitted, and the tasks it must end up with. */
export interface FaultJob {
  readonly idempotencyKey: string;
  readonly leaseSeconds: number;
  readonly tasks: readonly FaultTask[];
}

export interface FaultJobsOptions {
  readonly seed: number;
  readonly taskCount: number;
}

const TASKS_A_JOB = [1, 9] as const;
const ROWS = [3, 30] as const;
const ARTIFACT_BYTES = [1, 65_536] as const;
/** As short as the contract allows: leases are to run out. */
export const LEASE_SECONDS = [5, 8] as const;
/** Whatever the network does to a task, it must not be given up. */
const MAX_ATTEMPTS = 50;

/** Jobs of a few tasks each, `taskCount` in all. */
export function makeFaultJobs({ seed, taskCount }: FaultJobsOptions): FaultJob[] {
  const jobs: FaultJob[] = [];
  for (let made = 0; made < taskCount;) {
    const wanted = chosenNumber(TASKS_A_JOB, seed, 'job', jobs.length, 'tasks');
    const count = Math.min(wanted, taskCount - made);
    const tasks = Array.from({ length: count }, (_, index) => makeFaultTask(seed, made + index));
    const leaseSeconds = chosenNumber(LEASE_SECONDS, seed, 'job', jobs.length, 'lease');
    jobs.push({ idempotencyKey: `faults-${seed}-${jobs.length}`, leaseSeconds, tasks });
    made += count;
  }
  return jobs;
}

export function jobRequestOf({ tasks, leaseSeconds, idempotencyKey }: FaultJob): JobRequest {
  return {
    kind: FAULT_KIND,
    tasks: tasks.map((task): TaskRequest => ({ payload: { ...task } })),
    leaseSeconds,
    maxAttempts: MAX_ATTEMPTS,
    metadata: { key: idempotencyKey },
  };
}

function makeFaultTask(seed: number, number: number): FaultTask {
  return {
    seed,
    number,
    rowCount: chosenNumber(ROWS, seed, 'task', number, 'rows'),
    artifactBytes: chosenNumber(ARTIFACT_BYTES, seed, 'task', number, 'artifact'),
  };
}
