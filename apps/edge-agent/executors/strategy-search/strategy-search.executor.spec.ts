import type {
  LeasedTask,
  ProgressReport,
  ResultRow,
  StoredMetrics,
  TaskArtifact,
} from '@foreman/edge-sdk';
import { eventually } from '@foreman/testing';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { searchDirectly } from './search/search-directly';
import { StrategySearchExecutor } from './strategy-search.executor';
import { sp500Bars } from './test-prices/sp500-bars';
import { startSearchWorker } from './thread/start-worker';

const payload = {
  symbol: 'SPX',
  interval: '1d',
  searchStrategy: 'random',
  strategy: 'bollinger-breakout',
  parameters: { period: { min: 5, max: 60, step: 1 }, deviations: { min: 0.5, max: 3, step: 0.1 } },
  metrics: ['sharpe', 'totalReturn', 'trades'],
  trials: { max: 250, seed: 11 },
  prices: sp500Bars().slice(0, 1500),
};

const task = (changes: Record<string, unknown> = {}): LeasedTask => ({
  taskId: '0190a0c0-0000-7000-8000-000000000001',
  jobId: '0190a0c0-0000-7000-8000-000000000002',
  taskIndex: 0,
  kind: 'strategy-search',
  queue: 'default',
  attempt: 1,
  leaseToken: 'lease',
  leaseExpiresAt: '2026-01-01T00:01:00.000Z',
  leaseSeconds: 60,
  timeoutSeconds: null,
  heartbeatSeconds: 20,
  serverTime: '2026-01-01T00:00:00.000Z',
  payload: { ...payload, ...changes },
  inputs: [],
  resume: null,
});

/** Takes what the executor hands over, as the runtime does; `onRows` holds a batch back for as long as it wants. */
class Recorder {
  readonly abort = new AbortController();
  readonly signal = this.abort.signal;
  readonly batches: (readonly ResultRow[])[] = [];
  readonly artifacts: TaskArtifact[] = [];
  readonly reports: ProgressReport[] = [];
  /** By config, what an earlier attempt left. */
  readonly stored = new Map<string, StoredMetrics>();

  constructor(private readonly onRows: () => Promise<void> | void = () => undefined) {}

  progress(report: ProgressReport): void {
    this.reports.push(report);
  }

  async postRows(rows: readonly ResultRow[]): Promise<void> {
    this.batches.push(rows);
    await this.onRows();
  }

  async storedConfigIds(): Promise<ReadonlyMap<string, StoredMetrics>> {
    return this.stored;
  }

  async inputFile(name: string): Promise<string> {
    throw new Error(`These tasks have no input ${name}`);
  }

  async putArtifact(artifact: TaskArtifact): Promise<void> {
    this.artifacts.push(artifact);
  }
}

/** The executor on real worker threads, which the test can see. */
function observed() {
  const workers: Worker[] = [];
  const executor = new StrategySearchExecutor((order) => {
    const worker = startSearchWorker(order);
    workers.push(worker);
    return worker;
  });
  return { executor, workers };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

const broken = (source: string) =>
  new StrategySearchExecutor(() => new Worker(source, { eval: true }));

describe('StrategySearchExecutor', () => {
  it('gives the rows, best ids and artifact bytes of a direct search', async () => {
    const direct = searchDirectly(payload);
    const recorder = new Recorder();
    const completion = await new StrategySearchExecutor().run(task(), recorder);
    expect(recorder.batches.map((rows) => rows.length)).toEqual([100, 100, 50]);
    expect(recorder.batches.flat()).toEqual(direct.rows);
    expect(recorder.artifacts).toEqual(direct.artifacts);
    expect(completion).toEqual({
      bestConfigIds: direct.bestConfigIds,
      processedCount: 250,
      totalCount: 250,
      resultCount: 250,
    });
    expect(recorder.reports.map(({ processed, total }) => [processed, total])).toEqual([
      [100, 250],
      [200, 250],
      [250, 250],
      [250, 250],
    ]);
  });

  it('goes on from the rows of an earlier attempt: evaluates the others, and finds the same best', async () => {
    const direct = searchDirectly(payload);
    const best = new Set(direct.bestConfigIds);
    // The best and some nulls are among the stored: the thread must rank what it does not evaluate.
    const isStored = ({ configId, metrics }: ResultRow, index: number) =>
      best.has(configId) || metrics['sharpe'] === null || index % 3 > 0;
    const recorder = new Recorder();
    for (const { configId, metrics } of direct.rows.filter(isStored)) {
      recorder.stored.set(configId, { sharpe: metrics['sharpe'] as number | null });
    }
    const resume = { resultCount: recorder.stored.size, processed: 0, total: 250, status: null };
    const completion = await new StrategySearchExecutor().run({ ...task(), resume }, recorder);
    expect(recorder.batches.flat()).toEqual(
      direct.rows.filter((row, index) => !isStored(row, index)),
    );
    expect(recorder.artifacts).toEqual(direct.artifacts);
    expect(completion).toMatchObject({
      bestConfigIds: direct.bestConfigIds,
      processedCount: 250,
      resultCount: 250,
    });
    expect(recorder.reports[0]?.processed).toBeGreaterThan(recorder.stored.size);
  });

  it('has nothing to evaluate when every row is there', async () => {
    const direct = searchDirectly(payload);
    const recorder = new Recorder();
    for (const { configId, metrics } of direct.rows) {
      recorder.stored.set(configId, { sharpe: metrics['sharpe'] as number | null });
    }
    const resume = { resultCount: 250, processed: 250, total: 250, status: null };
    const completion = await new StrategySearchExecutor().run({ ...task(), resume }, recorder);
    expect(recorder.batches).toEqual([]);
    expect(completion.bestConfigIds).toEqual(direct.bestConfigIds);
    expect(recorder.artifacts).toEqual(direct.artifacts);
  });

  it('ranks stored configs by what their rows say, and those last that do not say it', async () => {
    const recorder = new Recorder();
    const { rows } = searchDirectly(payload);
    rows.forEach(({ configId }, index) =>
      recorder.stored.set(configId, index % 25 > 0 ? { sharpe: null } : { sharpe: -index }),
    );
    recorder.stored.set(rows[1]?.configId ?? '', {});
    const resume = { resultCount: 250, processed: 250, total: 250, status: null };
    const completion = await new StrategySearchExecutor().run({ ...task(), resume }, recorder);
    const best = rows.filter((_, index) => index % 25 === 0).map(({ configId }) => configId);
    expect(completion.bestConfigIds).toEqual(best);
  });

  it('makes no more rows than are taken', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let firstBatch = (): void => undefined;
    const first = new Promise<void>((resolve) => (firstBatch = resolve));
    const recorder = new Recorder(() => {
      firstBatch();
      return held;
    });
    const { executor, workers } = observed();
    const run = executor.run(task(), recorder);
    await first;
    // A thread that waits for leave is idle; one that does not would post on until its end.
    const idleMs = () => workers[0]?.performance.eventLoopUtilization().idle ?? 0;
    await until(() => idleMs() > 20 || recorder.batches.length > 1);
    expect(recorder.batches).toHaveLength(1);
    release();
    await run;
    expect(recorder.batches).toHaveLength(3);
  });

  it('leaves the event loop free while it computes', async () => {
    let turns = 0;
    let isRunning = true;
    const spinning = until(() => {
      turns += 1;
      return !isRunning;
    });
    await new StrategySearchExecutor().run(task(), new Recorder());
    isRunning = false;
    await spinning;
    expect(turns).toBeGreaterThan(1000);
  });

  it('runs several tasks at a time', async () => {
    const { executor, workers } = observed();
    const recorders = [new Recorder(), new Recorder(), new Recorder()];
    await Promise.all(
      recorders.map((recorder, index) =>
        executor.run(task({ trials: { max: 20, seed: index } }), recorder),
      ),
    );
    expect(workers).toHaveLength(3);
    recorders.forEach((recorder, index) => {
      const direct = searchDirectly({ ...payload, trials: { max: 20, seed: index } });
      expect(recorder.batches.flat()).toEqual(direct.rows);
    });
  });

  it('stops its thread at once when the task is cancelled, and throws the reason', async () => {
    const reason = new Error('cancelled by the gateway');
    const recorder = new Recorder(() => new Promise<void>(() => undefined));
    const { executor, workers } = observed();
    const run = executor.run(task({ trials: { max: 1400 } }), recorder);
    const thrown = run.catch((error: unknown) => error);
    const worker = await eventually('its thread has started', () => workers[0]);
    const exited = once(worker, 'exit');
    recorder.abort.abort(reason);
    expect(await thrown).toBe(reason);
    await exited;
    expect(recorder.artifacts).toEqual([]);
  });

  it('starts nothing for a task that is already cancelled', async () => {
    const reason = new Error('lease lost');
    const recorder = new Recorder();
    recorder.abort.abort(reason);
    const { executor, workers } = observed();
    await expect(executor.run(task(), recorder)).rejects.toBe(reason);
    expect(workers).toEqual([]);
  });

  it('stops its thread when rows cannot be posted', async () => {
    const lost = new Error('lease.lost');
    const recorder = new Recorder(() => Promise.reject(lost));
    const { executor, workers } = observed();
    await expect(executor.run(task(), recorder)).rejects.toBe(lost);
    expect(workers[0]?.threadId).toBe(-1);
    expect(recorder.batches).toHaveLength(1);
  });

  it.each([
    [{ strategy: 'macd' }, 'payload.strategy must be one of'],
    [{ prices: undefined }, 'payload.prices are missing'],
    // Found by the thread, not before it.
    [
      { strategy: 'sma-crossover', parameters: { fast: [9], slow: [9] } },
      'payload.parameters hold no usable combination',
    ],
  ])('fails for good on a payload like %j', async (changes, message) => {
    await expect(
      new StrategySearchExecutor().run(task(changes), new Recorder()),
    ).rejects.toMatchObject({
      name: 'TaskFailure',
      code: 'payload.invalid',
      retryable: false,
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['throws', 'throw new Error("boom")', 'boom'],
    ['rejects', 'Promise.reject(new Error("boom"))', 'boom'],
    ['exits', 'process.exit(3)', 'exit code 3'],
    ['ends early', '', 'exit code 0'],
  ])('says that another attempt may succeed when the thread %s', async (_, source, message) => {
    await expect(broken(source).run(task(), new Recorder())).rejects.toMatchObject({
      name: 'TaskFailure',
      code: 'executor.crashed',
      retryable: true,
      message: expect.stringContaining(message),
    });
  });
});
