import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BenchPlan } from '../bench-plan';
import { benchEdges } from '../engine/bench-edges';
import { openEngine, type Engine } from '../engine/engine';
import { quantile } from '../measure/quantiles';
import { EndlessUploads } from './endless-uploads';

export const UPLOADS_AT_ONCE = 64;

/** How long a small write took, from the call to its commit, in ms. */
export interface Latency {
  readonly name: string;
  readonly writes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
}

export interface LanesFinding {
  readonly alone: Latency;
  readonly besideUploads: Latency;
  /** What the uploads came to meanwhile. */
  readonly uploadMebibytesPerSecond: number;
}

/** A heartbeat, one after the other, alone and beside 64 uploads in the same process. */
export async function benchLanes(plan: BenchPlan, folder: string): Promise<LanesFinding> {
  const engine = await openEngine(join(folder, 'lanes.db'));
  const edge = (await benchEdges(engine))(0);
  const beat = await heartbeatOf(engine, edge);
  const { task, leaseToken } = await leasedTask(engine, edge);

  await latenciesOf(beat, (taken) => taken < plan.lanesWrites);
  const alone = await latenciesOf(beat, (taken) => taken < plan.lanesWrites);
  const lease = { taskId: task.id, edgeId: edge.edgeId, leaseToken };
  const uploads = new EndlessUploads(engine.uploads, lease, UPLOADS_AT_ONCE);
  const startedMs = performance.now();
  const isTime = () => performance.now() - startedMs < plan.lanesMs;
  const beside = await latenciesOf(beat, isTime);
  const seconds = (performance.now() - startedMs) / 1000;
  const uploadMebibytesPerSecond = uploads.takenBytes / 1024 / 1024 / seconds;
  await uploads.stop();
  await engine.close();
  return {
    alone: latency('heartbeat, alone', alone),
    besideUploads: latency(`heartbeat, beside ${UPLOADS_AT_ONCE} uploads of 8 MiB`, beside),
    uploadMebibytesPerSecond,
  };
}

type Edge = Parameters<Engine['lease']>[0];

async function leasedTask(engine: Engine, edge: Edge) {
  await engine.submit();
  return engine.lease(edge);
}

async function heartbeatOf(engine: Engine, edge: Edge): Promise<() => Promise<void>> {
  const { task, leaseToken } = await leasedTask(engine, edge);
  const report = { taskId: task.id, leaseToken, processed: 50, total: 100, status: 'half way' };
  return async () => {
    await engine.heartbeats.beat(edge.edgeId, report);
  };
}

async function latenciesOf(
  write: () => Promise<void>,
  isToGoOn: (taken: number) => boolean,
): Promise<number[]> {
  const latencies: number[] = [];
  while (isToGoOn(latencies.length)) {
    const startedMs = performance.now();
    await write();
    latencies.push(performance.now() - startedMs);
    // Whatever else waits in the event loop gets its turn, as between two requests.
    await nextTurn();
  }
  return latencies;
}

function latency(name: string, latencies: readonly number[]): Latency {
  return {
    name,
    writes: latencies.length,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    worstMs: Math.max(...latencies),
  };
}
