import type { ForemanClient, SubmittedJob, Task } from '@foreman/client';
import { type DemoParts, pause } from '../demo-parts';
import { sp500Prices } from '../job/sp500-prices';
import { SEARCHES, strategyJob } from '../job/strategy-job';
import { progressDisplay } from '../stage/progress-display';
import type { TaskView } from '../stage/task-view';
import type { House } from './raise-house';

/** Long enough to show the job's results; short enough to watch it go. */
export const TTL_SECONDS = 10;
/** The shortest there is: agents report progress three times a lease, and their searches take seconds. */
const LEASE_SECONDS = 5;
/** Bars look alive, the gateway hardly notices. */
const ASK_EVERY_MS = 200;

/** Submits the job and follows it until every task is done. Answers its id. */
export async function runJob(parts: DemoParts, house: House): Promise<string> {
  const { narrator } = parts;
  const { foreman } = house.research;
  narrator.chapter('One job of eight strategy searches');
  const job = await submitSearches(house, TTL_SECONDS);
  narrator.check(`job ${job.id} is submitted`, true);
  const { queued, leased } = job.taskCounts;
  narrator.check(
    `it has ${SEARCHES.length} tasks over ${sp500Prices().length.toLocaleString('en-US')} days of the S&P 500, the prices sent once`,
    queued + leased === SEARCHES.length,
    queued + leased,
  );
  const tasks = await followTasks(parts, house, job.id);
  const failed = tasks.find(({ status }) => status !== 'completed');
  narrator.check('all eight tasks are completed', failed === undefined, describeFailure(failed));
  const workers = new Set(tasks.flatMap(({ attempts }) => attempts.map(({ edge }) => edge)));
  narrator.check('both edges had a share in it', workers.size === house.edgeNames.size);
  await checkRows(parts, foreman, job.id, tasks);
  return job.id;
}

/** The eight searches as a job whose results go `ttlSeconds` after it is done. */
export function submitSearches({ research }: House, ttlSeconds: number): Promise<SubmittedJob> {
  const job = strategyJob(sp500Prices());
  const request = { ...job, leaseSeconds: LEASE_SECONDS, ttlSeconds, metadata: { story: 'demo' } };
  return research.service.submit(request, research.webhookUrl);
}

async function followTasks(parts: DemoParts, house: House, jobId: string): Promise<Task[]> {
  const display = progressDisplay(parts.narrator.stage, parts.clock);
  try {
    for (;;) {
      const tasks: Task[] = [];
      for await (const task of house.research.foreman.tasks(jobId, { signal: parts.signal })) {
        tasks.push(task);
      }
      display.show(tasks.map((task) => taskView(task, house.edgeNames)));
      if (tasks.every(({ status }) => status !== 'queued' && status !== 'leased')) return tasks;
      await pause(parts, ASK_EVERY_MS);
    }
  } finally {
    display.finish();
  }
}

function taskView(task: Task, edgeNames: ReadonlyMap<string, string>): TaskView {
  const edgeId = task.attempts.at(-1)?.edge ?? '';
  const states = { queued: 'waiting', leased: 'running' } as const;
  return {
    title: SEARCHES[task.taskIndex]?.title ?? `task ${task.taskIndex}`,
    state: task.status === 'queued' || task.status === 'leased' ? states[task.status] : task.status,
    edge: edgeNames.get(edgeId) ?? '',
    // Rows are there at once, progress comes with the next heartbeat.
    processed: Math.max(task.resultCount, task.progress.processed ?? 0),
    total: task.progress.total,
  };
}

function describeFailure(task: Task | undefined): string {
  const error = task?.attempts.at(-1)?.error;
  return `task ${task?.taskIndex} ${task?.status}, ${error?.code ?? 'no error'}: ${error?.message ?? ''}`;
}

async function checkRows(
  { narrator, signal }: DemoParts,
  foreman: ForemanClient,
  jobId: string,
  tasks: readonly Task[],
): Promise<void> {
  const told = tasks.reduce((sum, { progress }) => sum + (progress.processed ?? 0), 0);
  const rows = new Set<string>();
  let received = 0;
  for await (const { taskIndex, configId } of foreman.streamResults(jobId, { signal })) {
    received += 1;
    rows.add(`${taskIndex}:${configId}`);
  }
  narrator.check(
    `${received.toLocaleString('en-US')} configs tried, and a result row for each, none missing or doubled`,
    received === told && rows.size === told,
    `${received} rows, ${rows.size} distinct, of ${told}`,
  );
}
