import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SearchOrder } from './thread-messages';

/** Makes the thread for one search; tests put a broken one in its place. */
export type StartWorker = (order: SearchOrder) => Worker;

/** Far above what the largest allowed search needs: a runaway one dies alone, not the agent. */
const MAX_HEAP_MB = 1024;

/** The built worker, or the TypeScript source where only that is there (specs). */
export const startSearchWorker: StartWorker = (order) => {
  const built = join(__dirname, 'strategy-search.worker.js');
  const isBuilt = existsSync(built);
  return new Worker(isBuilt ? built : join(__dirname, 'strategy-search.worker.ts'), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    execArgv: isBuilt ? [] : ['-r', join(__dirname, '../../../../../test/worker-ts.cjs')],
  });
};
