import { once } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { searchArtifacts } from '../artifacts/search-artifacts';
import { describeConfig } from '../search/config-id';
import { InvalidPayload } from '../request/invalid-payload';
import { StrategySearch } from '../search/strategy-search';
import type { SearchOrder, WorkerMessage } from './thread-messages';

/** Small enough that progress moves, large enough that a batch costs one small HTTP call. */
const ROWS_PER_BATCH = 100;

/**
 * Runs one search and posts its rows in batches. A batch is made while the one before is being taken, but not posted
 * before it was: at most two are in memory, however slow the gateway is.
 */
async function searchAndReport(
  port: MessagePort,
  { request, evaluated }: SearchOrder,
): Promise<void> {
  const post = (message: WorkerMessage) => port.postMessage(message);
  const search = new StrategySearch(request, evaluated);
  let processed = search.adopted;
  let taken: Promise<unknown> = Promise.resolve();
  for (const rows of search.batches(ROWS_PER_BATCH)) {
    await taken;
    taken = once(port, 'message');
    processed += rows.length;
    const leader = search.leader === undefined ? '' : describeConfig(search.leader.values);
    post({ type: 'rows', rows, processed, total: search.total, leader });
  }
  await taken;
  const findings = search.findings();
  post({
    type: 'finished',
    bestConfigIds: findings.best.map(({ configId }) => configId),
    total: search.total,
    artifacts: searchArtifacts(findings),
  });
}

if (parentPort !== null) {
  const port = parentPort;
  // An error that is thrown here ends the thread, and the main thread reports it as a crash.
  void searchAndReport(port, workerData as SearchOrder).catch((error: unknown) => {
    if (!(error instanceof InvalidPayload)) throw error;
    port.postMessage({ type: 'refused', message: error.message } satisfies WorkerMessage);
  });
}
