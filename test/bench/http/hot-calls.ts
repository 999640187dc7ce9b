import { randomBytes } from 'node:crypto';
import { CALLERS } from '../bench-plan';
import {
  aboutTask,
  at,
  getFrom,
  postJson,
  uploadTo,
  type GatewaySetup,
  type HeldTask,
} from './gateway-setup';
import type { HttpCall } from './http-call';

/** One of the calls that Foreman gets all the time. */
export interface HotCall {
  readonly name: string;
  /** So many calls that can be sent now; what they need has been made. */
  readonly prepare: (setup: GatewaySetup, count: number) => Promise<HttpCall[]>;
}

const ROWS_A_CALL = 100;
const ARTIFACT_BYTES = 4096;
const ARTIFACT_NAME = 'report.bin';

/** Counts over the whole run, so that no row and no artifact is there already. */
let made = 0;

function unique(): string {
  made += 1;
  return made.toString(36);
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** One task for each connection, for calls that leave it leased. */
async function onHeldTasks(
  setup: GatewaySetup,
  count: number,
  make: (task: HeldTask) => HttpCall,
): Promise<HttpCall[]> {
  const tasks = await setup.leaseTasks(CALLERS);
  return times(count, (index) => make(at(tasks, index % CALLERS)));
}

async function onCompletedJobs(
  setup: GatewaySetup,
  count: number,
  pathOf: (jobId: string) => string,
): Promise<HttpCall[]> {
  const jobs: string[] = [];
  while (jobs.length < CALLERS) {
    jobs.push(await setup.completedJob(ARTIFACT_NAME, randomBytes(ARTIFACT_BYTES)));
  }
  return times(count, (index) => getFrom(pathOf(at(jobs, index % CALLERS)), setup.serviceToken));
}

function rows(): object[] {
  const batch = unique();
  return times(ROWS_A_CALL, (number) => ({
    configId: `${batch}:${number}`,
    config: { fast: number, slow: number + 40 },
    metrics: { totalReturn: 0.25 + number, sharpe: 1.25, maxDrawdown: -0.5, trades: 40 },
  }));
}

export const HOT_CALLS: readonly HotCall[] = [
  {
    name: 'POST /jobs',
    prepare: async (setup, count) => {
      // Of a kind that no edge of the bench runs, so that these are not leased by a later call.
      const job = {
        kind: 'submitted',
        payload: { symbol: 'SPX', interval: '1d', searchStrategy: 'grid', depth: 3 },
        metadata: { team: 'research' },
      };
      return times(count, () => postJson('/jobs', setup.serviceToken, job));
    },
  },
  {
    name: 'POST tasks/next',
    prepare: async (setup, count) => {
      await setup.queueJobs(count);
      const path = '/internal/edges/tasks/next';
      return times(count, (index) => postJson(path, setup.edgeToken(index), { waitSeconds: 0 }));
    },
  },
  {
    name: 'POST tasks/:id/heartbeat',
    prepare: (setup, count) =>
      onHeldTasks(setup, count, (task) =>
        aboutTask(task, 'heartbeat', { processed: 50, total: 100, status: 'half way' }),
      ),
  },
  {
    name: `POST tasks/:id/results (${ROWS_A_CALL} rows)`,
    prepare: (setup, count) =>
      onHeldTasks(setup, count, (task) => aboutTask(task, 'results', { rows: rows() })),
  },
  {
    name: 'PUT tasks/:id/artifacts/:name (4 KiB)',
    prepare: (setup, count) =>
      onHeldTasks(setup, count, (task) =>
        uploadTo(task, `report-${unique()}.bin`, randomBytes(ARTIFACT_BYTES)),
      ),
  },
  {
    name: 'POST tasks/:id/complete',
    prepare: async (setup, count) => {
      const summary = { bestConfigIds: [], processedCount: 100, totalCount: 100 };
      const tasks = await setup.leaseTasks(count);
      return tasks.map((task) => aboutTask(task, 'complete', summary));
    },
  },
  {
    name: 'GET /jobs/:id',
    prepare: (setup, count) => onCompletedJobs(setup, count, (jobId) => `/jobs/${jobId}`),
  },
  {
    name: 'GET /jobs/:id/artifacts/:name (4 KiB)',
    prepare: (setup, count) =>
      onCompletedJobs(setup, count, (jobId) => `/jobs/${jobId}/artifacts/${ARTIFACT_NAME}`),
  },
];
