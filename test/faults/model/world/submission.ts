import { noteWhatHasCome } from './jobs';
import { engineTime, type Job, type Moment, type Task, type World } from './world';

/** A job as the runs submit it. */
export interface JobWish {
  readonly taskCount: number;
  readonly kind: string;
  readonly queue: string;
  readonly priority: number;
  readonly requires: Readonly<Record<string, string>>;
  /** The place of the edge that alone may lease it. */
  readonly assignTo: number | null;
  readonly maxAttempts: number;
  readonly leaseSeconds: number;
  readonly timeoutSeconds: number | null;
  readonly startBySeconds: number | null;
  /** From now, on the engine's clock. */
  readonly runAfterSeconds: number | null;
  readonly onTaskFailure: 'fail' | 'continue';
}

export function submit(
  world: World,
  wish: JobWish,
  ids: { readonly job: string; readonly tasks: readonly string[] },
): void {
  const { timeoutSeconds } = wish;
  const job: Job = {
    id: ids.job,
    tasks: [],
    kind: wish.kind,
    queue: wish.queue,
    priority: wish.priority,
    maxAttempts: wish.maxAttempts,
    leaseMs: wish.leaseSeconds * 1000,
    timeoutMs: timeoutSeconds === null ? null : timeoutSeconds * 1000,
    onTaskFailure: wish.onTaskFailure,
    status: 'queued',
  };
  world.jobs.push(job);
  for (const [index, id] of ids.tasks.entries())
    job.tasks.push(taskOf(world, wish, job, index, id));
  world.tasks.push(...job.tasks);
  noteWhatHasCome(world);
}

function taskOf(world: World, wish: JobWish, job: Job, index: number, id: string): Task {
  const { runAfterSeconds, startBySeconds, assignTo } = wish;
  const isNamed = runAfterSeconds !== null;
  const at = isNamed ? engineTime(world) + runAfterSeconds * 1000 : world.clock.elapsed;
  const startBy: Moment | null =
    startBySeconds === null ? null : { at: at + startBySeconds * 1000, isNamed };
  return {
    id,
    job,
    index,
    requires: wish.requires,
    assignedEdgeId: assignTo === null ? null : (world.edges[assignTo]?.id ?? null),
    status: 'queued',
    attempts: [],
    burnt: 0,
    givenBack: 0,
    lease: null,
    revivable: null,
    wait: { at, isNamed, hasCome: false },
    startBy,
    rows: new Set(),
    processed: 0,
    errorCode: null,
  };
}
