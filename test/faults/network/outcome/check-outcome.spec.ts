import { sha256Hex } from '@foreman/kernel';
import { artifactOf, rowsOf } from '../work/attempt-output';
import type { FaultTask } from '../work/fault-job';
import { checkOutcome } from './check-outcome';
import type { AttemptOutcome, JobOutcome, Outcome, TaskOutcome } from './outcome.types';

/** A first attempt that ran out, a second one that completed. */
const ATTEMPTS: AttemptOutcome[] = [
  { number: 1, leaseToken: 'a', outcome: 'expired', leasedAt: 1000, endedAt: 2000 },
  { number: 2, leaseToken: 'b', outcome: 'completed', leasedAt: 2000, endedAt: 3000 },
];
const LAST_ATTEMPT = 2;
const HISTORY = ['task.leased', 'task.requeued', 'task.leased', 'task.completed'];

function taskOf(number: number): TaskOutcome {
  const expected: FaultTask = { seed: 1, number, rowCount: 3, artifactBytes: 100 };
  return {
    taskId: `task-${number}`,
    expected,
    status: 'completed',
    attempts: ATTEMPTS,
    history: HISTORY,
    rows: rowsOf(expected, LAST_ATTEMPT),
    artifactSha256: sha256Hex(artifactOf(expected, LAST_ATTEMPT)),
  };
}

const JOB: JobOutcome = {
  jobId: 'job-1',
  status: 'completed',
  completedEvents: 1,
  artifactNames: ['0.trace', '1.trace', 'completion'],
  tasks: [taskOf(0), taskOf(1)],
};

function outcomeOf(job: Partial<JobOutcome> = {}, outcome: Partial<Outcome> = {}): Outcome {
  return { jobs: [{ ...JOB, ...job }], listedJobIds: ['job-1'], storedRowCount: 6, ...outcome };
}

function withTask(doctored: Partial<TaskOutcome>): Outcome {
  return outcomeOf({ tasks: [taskOf(0), { ...taskOf(1), ...doctored }] });
}

const { expected, rows } = taskOf(1);
const [first, second, third] = ATTEMPTS.concat(ATTEMPTS.slice(1));
if (first === undefined || second === undefined || third === undefined) throw new RangeError();

const DOCTORED: Record<string, [Outcome, RegExp]> = {
  'a row is doubled': [withTask({ rows: [...rows, ...rows.slice(0, 1)] }), /"c0".* there again/],
  'a row is missing': [withTask({ rows: rows.slice(1) }), /"c0".* missing/],
  'a row has another value': [
    withTask({ rows: rows.map((row) => ({ ...row, metrics: { score: 0 } })) }),
    /"score":0}.* must not be/,
  ],
  'the rows are those of an abandoned attempt': [
    withTask({ rows: rowsOf(expected, 1) }),
    /"attempt":1.* must not be/,
  ],
  'the artifact is that of an abandoned attempt': [
    withTask({ artifactSha256: sha256Hex(artifactOf(expected, 1)) }),
    /artifact is not that of attempt 2/,
  ],
  'the artifact is missing': [withTask({ artifactSha256: null }), /artifact is not that/],
  'a task is not completed': [withTask({ status: 'queued' }), /it is queued/],
  'a task completed twice, by its events': [
    withTask({ history: [...HISTORY, 'task.completed'] }),
    /2 events task/,
  ],
  'a task completed twice, by its attempts': [
    withTask({ attempts: [first, second, { ...third, number: 3, leasedAt: 3000, endedAt: 4000 }] }),
    /2 of its attempts completed/,
  ],
  'no attempt completed': [withTask({ attempts: [first] }), /none of its attempts completed/],
  'two attempts overlap': [
    withTask({ attempts: [{ ...first, endedAt: 3001 }, second] }),
    /attempts 1 and 2 were leased at the same time/,
  ],
  'a task was leased while it was': [
    withTask({ history: ['task.leased', ...HISTORY] }),
    /task\.leased while it was leased/,
  ],
  'a lease was revived that another one had followed': [
    withTask({ history: [...HISTORY.slice(0, 3), 'task.revived', 'task.completed'] }),
    /task\.revived while it was leased/,
  ],
  'an attempt never ended': [
    withTask({ attempts: [first, { ...second, endedAt: null }] }),
    /1 of its attempts have not ended/,
  ],
  'a job is not completed': [outcomeOf({ status: 'failed' }), /job job-1: it is failed/],
  'a job completed twice': [outcomeOf({ completedEvents: 2 }), /2 events job.completed/],
  'an artifact is published that nobody made': [
    outcomeOf({ artifactNames: [...JOB.artifactNames, '1.stray'] }),
    /1\.stray is there/,
  ],
  'a job was submitted twice': [
    outcomeOf({}, { listedJobIds: ['job-1', 'job-2'] }),
    /job-2 is there/,
  ],
  'a job is not listed': [outcomeOf({}, { listedJobIds: [] }), /job-1 is missing/],
  'the table has a row more': [outcomeOf({}, { storedRowCount: 7 }), /7 rows, not 6/],
};

describe('checkOutcome', () => {
  it('finds nothing when each task was done exactly once', () => {
    expect(checkOutcome(outcomeOf())).toEqual([]);
  });

  it.each(Object.entries(DOCTORED))('finds that %s', (_what, [outcome, finding]) => {
    const findings = checkOutcome(outcome);
    expect(findings).toContainEqual(expect.stringMatching(finding));
  });
});
