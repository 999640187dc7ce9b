import { ARTIFACT_NAME } from '../work/attempt-output';
import type { FaultJob, FaultTask } from '../work/fault-job';
import type { JobOutcome, TaskOutcome } from './outcome.types';
import type { DatabaseFacts } from './read-database';
import type { JobSeen } from './read-jobs';

/** What was submitted, what HTTP shows of it, and what the file tells, in one; both in the same order. */
export function joinJobs(
  expected: readonly FaultJob[],
  seen: readonly JobSeen[],
  facts: DatabaseFacts,
): JobOutcome[] {
  return expected.map(({ tasks }, index) => {
    const job = seen[index];
    if (job === undefined) throw new Error(`Job ${index} was not submitted`);
    return joinJob(tasks, job, facts);
  });
}

function joinJob(
  expected: readonly FaultTask[],
  { job, tasks, rows, artifacts, sha256ByName }: JobSeen,
  facts: DatabaseFacts,
): JobOutcome {
  const outcomes = expected.map((task, index): TaskOutcome => {
    const seen = tasks.find(({ taskIndex }) => taskIndex === index);
    if (seen === undefined) throw new Error(`Job ${job.id} has no task ${index}`);
    const name = expected.length === 1 ? ARTIFACT_NAME : `${index}.${ARTIFACT_NAME}`;
    return {
      taskId: seen.id,
      expected: task,
      status: seen.status,
      attempts: facts.attempts.get(seen.id) ?? [],
      history: facts.histories.get(seen.id) ?? [],
      rows: rows.filter(({ taskIndex }) => taskIndex === index),
      artifactSha256: sha256ByName.get(name) ?? null,
    };
  });
  return {
    jobId: job.id,
    status: job.status,
    completedEvents: facts.jobCompletions.get(job.id) ?? 0,
    artifactNames: artifacts.map(({ name }) => name).toSorted(),
    tasks: outcomes,
  };
}
