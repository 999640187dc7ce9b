import { searchDirectly } from '../../../apps/edge-agent/executors/strategy-search';
import type { DailyBar } from '../../../apps/demo/job/sp500-prices';
import { strategyJob } from '../../../apps/demo/job/strategy-job';
import { sha256Hex } from '@foreman/kernel';
import type { ResultRow } from '@foreman/client';

/** What one process gets for the same job without any gateway: the truth that results are held against. */
export interface DirectResults {
  /** By task index, then config id. */
  readonly rows: readonly ResultRow[];
  /** `<taskIndex>:<configId>`, as a job's summary names them. */
  readonly bestConfigIds: readonly string[];
  /** Artifact names, `<taskIndex>.<name>`, with their digests. */
  readonly digests: Readonly<Record<string, string>>;
}

type StrategyJob = ReturnType<typeof strategyJob>;

export function directResults(job: StrategyJob): DirectResults {
  const searches = job.tasks.map((task) => searchDirectly({ ...job.payload, ...task.payload }));
  return {
    rows: inOrder(
      searches.flatMap(({ rows }, taskIndex) => rows.map((row) => ({ taskIndex, ...row }))),
    ),
    bestConfigIds: searches.flatMap(({ bestConfigIds }, taskIndex) =>
      bestConfigIds.map((configId) => `${taskIndex}:${configId}`),
    ),
    digests: Object.fromEntries(
      searches.flatMap(({ artifacts }, taskIndex) =>
        artifacts.map(({ name, body }) => [`${taskIndex}.${name}`, sha256Hex(body)]),
      ),
    ),
  };
}

/** Rows as JSON carries them, by task index and config id: two lists are equal if and only if the rows are. */
export function inOrder(rows: readonly ResultRow[]): ResultRow[] {
  const asOnTheWire = JSON.parse(JSON.stringify(rows)) as ResultRow[];
  return asOnTheWire.toSorted(
    (a, b) => a.taskIndex - b.taskIndex || (a.configId < b.configId ? -1 : 1),
  );
}

/** The demo's job with some of its searches only. */
export function someSearches(prices: readonly DailyBar[], count: number): StrategyJob {
  const job = strategyJob(prices);
  return { ...job, tasks: job.tasks.slice(0, count) };
}
