import {
  type Completion,
  type Executor,
  type LeasedTask,
  type TaskContext,
  TaskFailure,
} from '@foreman/edge-sdk';
import { payloadWithPrices } from './request/input-prices';
import { InvalidPayload } from './request/invalid-payload';
import { type SearchRequest, readSearchRequest } from './request/search-request';
import { INVALID_PAYLOAD, followSearch } from './thread/search-thread';
import { type StartWorker, startSearchWorker } from './thread/start-worker';

/**
 * Runs `strategy-search` tasks, each in a worker thread of its own, so that heartbeats never wait for arithmetic.
 * Posts one row a config in batches while it runs; puts `completion`, `equity-curve.svg`, `trades.csv` and
 * `equity.csv`; completes with the ids of at most ten best configs.
 *
 * Resumable: rows have the same ids and values at every attempt, so configs that an earlier attempt has stored are
 * not evaluated again; they are ranked by the metric of their rows.
 */
export class StrategySearchExecutor implements Executor {
  readonly kind = 'strategy-search';
  readonly resumable = true;

  constructor(private readonly startWorker: StartWorker = startSearchWorker) {}

  /** @throws TaskFailure `payload.invalid` (final) or `executor.crashed` (retryable); the signal's reason on abort */
  async run(task: LeasedTask, context: TaskContext): Promise<Completion> {
    const request = await readOrRefuse(task, context);
    context.signal.throwIfAborted();
    const isResuming = (task.resume?.resultCount ?? 0) > 0;
    const evaluated = isResuming ? await evaluatedBefore(context, request) : NONE;
    const finished = await followSearch(
      this.startWorker({ request, evaluated }),
      context.signal,
      async ({ rows, processed, total, leader }) => {
        await context.postRows(rows);
        context.progress({
          processed,
          total,
          status: `${request.strategy}: best so far ${leader}`,
        });
      },
    );
    context.progress({
      processed: finished.total,
      total: finished.total,
      status: 'uploading artifacts',
    });
    for (const artifact of finished.artifacts) {
      context.signal.throwIfAborted();
      await context.putArtifact(artifact);
    }
    return {
      bestConfigIds: finished.bestConfigIds,
      processedCount: finished.total,
      totalCount: finished.total,
      resultCount: finished.total,
    };
  }
}

const NONE: ReadonlyMap<string, number | null> = new Map();

/** By config, the metric that ranks it; null where the run has none. */
async function evaluatedBefore(
  context: TaskContext,
  { rankBy }: SearchRequest,
): Promise<ReadonlyMap<string, number | null>> {
  const stored = await context.storedConfigIds([rankBy]);
  return new Map(
    [...stored].map(([configId, { [rankBy]: value }]) => [
      configId,
      typeof value === 'number' ? value : null,
    ]),
  );
}

async function readOrRefuse(task: LeasedTask, context: TaskContext): Promise<SearchRequest> {
  try {
    return readSearchRequest(await payloadWithPrices(task, context));
  } catch (error) {
    if (!(error instanceof InvalidPayload)) throw error;
    throw new TaskFailure(INVALID_PAYLOAD, error.message, false);
  }
}
