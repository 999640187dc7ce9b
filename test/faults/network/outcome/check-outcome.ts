import { canonicalJson, sha256Hex } from '@foreman/kernel';
import { ARTIFACT_NAME, artifactOf, rowsOf } from '../work/attempt-output';
import type { JobOutcome, Outcome, RowOutcome, TaskOutcome } from './outcome.types';

const BEGINS_LEASE = new Set(['task.leased', 'task.revived']);
const ENDS_LEASE = new Set(['task.requeued', 'task.completed', 'task.failed']);

/**
 * An operation takes its time before it waits for its transaction, so one that is committed later may have the earlier
 * time; more than a second no transaction waits. The order of the events has no such slack.
 */
const CLOCK_SLACK_MS = 1_000;

/** All that is not as it must be; empty when every task was done exactly once. */
export function checkOutcome({ jobs, listedJobIds, storedRowCount }: Outcome): string[] {
  const expectedRows = jobs
    .flatMap(({ tasks }) => tasks)
    .reduce((sum, { expected }) => sum + expected.rowCount, 0);
  return [
    ...sameSet(
      'the list of jobs',
      jobs.map(({ jobId }) => jobId),
      listedJobIds,
    ),
    ...jobs.flatMap(checkJob),
    ...(storedRowCount === expectedRows
      ? []
      : [`the table has ${storedRowCount} rows, not ${expectedRows}`]),
  ];
}

function checkJob(job: JobOutcome): string[] {
  const { jobId, status, completedEvents, tasks } = job;
  const findings = tasks.flatMap(checkTask);
  if (status !== 'completed') findings.push(`it is ${status}`);
  if (completedEvents !== 1) findings.push(`it has ${completedEvents} events job.completed`);
  findings.push(...sameSet('its artifacts', artifactNamesOf(tasks.length), job.artifactNames));
  return findings.map((finding) => `job ${jobId}: ${finding}`);
}

function checkTask(task: TaskOutcome): string[] {
  const { taskId, status, attempts, history } = task;
  const findings: string[] = [];
  if (status !== 'completed') findings.push(`it is ${status}`);
  const completions = history.filter((type) => type === 'task.completed').length;
  if (completions !== 1) findings.push(`it has ${completions} events task.completed`);
  const open = attempts.filter(({ endedAt }) => endedAt === null);
  if (open.length > 0) findings.push(`${open.length} of its attempts have not ended`);
  findings.push(...overlaps(task), ...secondLeases(task));
  const [completed, ...more] = attempts.filter(({ outcome }) => outcome === 'completed');
  if (completed === undefined || more.length > 0) {
    findings.push(
      `${completed === undefined ? 'none' : more.length + 1} of its attempts completed`,
    );
  } else {
    findings.push(...checkRows(task, completed.number), ...checkArtifact(task, completed.number));
  }
  return findings.map((finding) => `task ${taskId}: ${finding}`);
}

/** Attempts that were leased at the same time, by the clock. */
function overlaps({ attempts }: TaskOutcome): string[] {
  return attempts.slice(1).flatMap((later, index) => {
    const earlier = attempts[index];
    const isOver =
      earlier === undefined ||
      (earlier.endedAt !== null && earlier.endedAt <= later.leasedAt + CLOCK_SLACK_MS);
    return isOver
      ? []
      : [`attempts ${earlier.number} and ${later.number} were leased at the same time`];
  });
}

/** Leases that were given while there was one, by the order of what was committed. */
function secondLeases({ history }: TaskOutcome): string[] {
  let isLeased = false;
  return history.flatMap((type) => {
    const wasLeased = isLeased;
    if (BEGINS_LEASE.has(type)) isLeased = true;
    else if (ENDS_LEASE.has(type)) isLeased = false;
    return wasLeased && isLeased && BEGINS_LEASE.has(type) ? [`${type} while it was leased`] : [];
  });
}

function checkRows({ expected, rows }: TaskOutcome, attempt: number): string[] {
  return sameSet(
    `its rows, of attempt ${attempt}`,
    rowsOf(expected, attempt).map(textOfRow),
    rows.map(textOfRow),
  );
}

function checkArtifact({ expected, artifactSha256 }: TaskOutcome, attempt: number): string[] {
  return artifactSha256 === sha256Hex(artifactOf(expected, attempt))
    ? []
    : [`its artifact is not that of attempt ${attempt}`];
}

/** Field by field: the gateway may show more of a row than was posted. */
function textOfRow({ configId, config, metrics }: RowOutcome): string {
  return canonicalJson({ configId, config, metrics });
}

/** What a job of so many tasks publishes: the agents send no completion of their own. */
function artifactNamesOf(taskCount: number): string[] {
  if (taskCount === 1) return ['completion', ARTIFACT_NAME];
  const ofTasks = Array.from({ length: taskCount }, (_, index) => `${index}.${ARTIFACT_NAME}`);
  return ['completion', ...ofTasks];
}

/** Also told: what is there more than once. */
function sameSet(what: string, expected: readonly string[], found: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const one of expected) left.set(one, (left.get(one) ?? 0) + 1);
  for (const one of found) left.set(one, (left.get(one) ?? 0) - 1);
  return [...left].flatMap(([one, count]) => {
    if (count === 0) return [];
    return [
      `${what}: ${one} is ${count > 0 ? 'missing' : 'there, or there again, and must not be'}`,
    ];
  });
}
