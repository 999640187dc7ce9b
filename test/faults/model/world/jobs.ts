import { Refusal, engineTime, isOpen, type Job, type Task, type World } from './world';

/** Ends the job if its tasks say so; called whenever one of them completed or failed. */
export function settle(job: Job): void {
  const hasFailed = job.tasks.some((task) => task.status === 'failed');
  if (hasFailed && job.onTaskFailure === 'fail') {
    cancelOpenTasks(job);
    job.status = 'failed';
  } else if (!job.tasks.some(isOpen)) {
    job.status = hasFailed ? 'failed' : 'completed';
  }
}

/** Repeated: nothing more. */
export function cancelJob(job: Job): void {
  if (job.status === 'cancelled') return;
  if (job.status === 'completed' || job.status === 'failed') throw finalized(job);
  cancelOpenTasks(job);
  job.status = 'cancelled';
}

/** What is unfinished is queued again; attempts go on counting, what is burnt starts anew. */
export function retryJob(world: World, job: Job): void {
  if (job.status === 'completed') throw finalized(job);
  if (job.status !== 'failed' && job.status !== 'cancelled') return;
  job.status = 'queued';
  for (const task of job.tasks) {
    if (task.status === 'completed') continue;
    task.status = 'queued';
    task.burnt = 0;
    task.givenBack = 0;
    task.errorCode = null;
    const { wait } = task;
    // What somebody named, and what has not come, is still to come.
    if (wait.isNamed && !wait.hasCome && wait.at > engineTime(world)) continue;
    task.startBy = null;
    task.wait = { at: world.clock.elapsed, isNamed: false, hasCome: true };
  }
}

/** A task fails for good. */
export function failTask(task: Task, errorCode: string): void {
  task.status = 'failed';
  task.errorCode = errorCode;
  task.lease = null;
  task.revivable = null;
  settle(task.job);
}

/** Tasks become available as time goes by; from then on `startBySeconds` is a matter of time passed, not of the wall clock. */
export function noteWhatHasCome(world: World): void {
  const { elapsed, engineOffset } = world.clock;
  for (const task of world.tasks) {
    const { wait, startBy } = task;
    if (task.status !== 'queued' || wait.hasCome) continue;
    if (wait.at > (wait.isNamed ? engineTime(world) : elapsed)) continue;
    wait.hasCome = true;
    if (startBy?.isNamed) task.startBy = { at: startBy.at - engineOffset, isNamed: false };
  }
}

function cancelOpenTasks(job: Job): void {
  for (const task of job.tasks.filter(isOpen)) {
    if (task.lease !== null) task.lease.attempt.outcome = 'cancelled';
    task.lease = null;
    task.revivable = null;
    task.status = 'cancelled';
  }
}

function finalized(job: Job): Refusal {
  return new Refusal('job.finalized', { job: { id: job.id, status: job.status } });
}
