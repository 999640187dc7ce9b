import type { JobCommand } from '@foreman/jobs';
import { cancelJob, retryJob } from '../world/jobs';
import { submit, type JobWish } from '../world/submission';
import { engineTime, type Job } from '../world/world';
import { agree, picked, type Scene } from './scene';

export async function submitJob({ engine, world }: Scene, wish: JobWish): Promise<void> {
  const assigned = wish.assignTo === null ? undefined : world.edges[wish.assignTo];
  const { runAfterSeconds, startBySeconds, timeoutSeconds } = wish;
  const command: JobCommand = {
    kind: wish.kind,
    tasks: Array.from({ length: wish.taskCount }, () => ({})),
    queue: wish.queue,
    priority: wish.priority,
    requires: wish.requires,
    maxAttempts: wish.maxAttempts,
    leaseSeconds: wish.leaseSeconds,
    onTaskFailure: wish.onTaskFailure,
    ...(assigned && { assignedEdgeId: assigned.id }),
    ...(runAfterSeconds !== null && { runAt: engineTime(world) + runAfterSeconds * 1000 }),
    ...(startBySeconds !== null && { startBySeconds }),
    ...(timeoutSeconds !== null && { timeoutSeconds }),
  };
  submit(world, wish, await engine.submit(command));
}

export async function changeJob(
  { engine, world }: Scene,
  change: 'cancel' | 'retry',
  place: number,
): Promise<void> {
  const job = picked(world.jobs, place);
  if (job === null) return;
  await agree(
    () => engine[change](job.id),
    () => changed(job, () => (change === 'cancel' ? cancelJob(job) : retryJob(world, job))),
  );
}

/** Nothing for a queue that no job has named yet. */
export async function changeQueue(
  { engine, world }: Scene,
  change: 'pause' | 'resume',
  queue: string,
): Promise<void> {
  if (!world.jobs.some((job) => job.queue === queue)) return;
  await engine[change](queue);
  if (change === 'pause') world.pausedQueues.add(queue);
  else world.pausedQueues.delete(queue);
}

function changed(job: Job, change: () => void): string {
  change();
  return job.status;
}
