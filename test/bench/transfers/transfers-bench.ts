import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchPlan } from '../bench-plan';
import { Connections } from '../http/connections';
import { startGatewayChild, type GatewayChild } from '../http/gateway-child';
import { aboutTask, GatewaySetup, type HeldTask } from '../http/gateway-setup';
import { growthWhile } from '../measure/memory-meter';
import { quantile } from '../measure/quantiles';
import { transfer, type Transferred } from './transfers';
import {
  BULK_HANDLING,
  TAKE_WRITES,
  type BulkHandling,
  type WriteTimes,
} from './write-watch.protocol';

/** How long something took, in ms. */
export interface Times {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
}

/** One gateway, with its large bodies handled in one way. */
export interface TransferFinding {
  readonly name: string;
  /** Small writes of the engine, from the call to the commit, in the gateway's process. */
  readonly writes: { readonly alone: Times; readonly beside: Times };
  /** Heartbeats, one after the other, as their edge sees them. */
  readonly heartbeats: { readonly alone: Times; readonly beside: Times };
  /** Of the gateway's resident memory; null where the system does not tell. */
  readonly growthMebibytes: number | null;
  readonly uploadMebibytesPerSecond: number;
  readonly downloadMebibytesPerSecond: number;
  /** Of the gateway, for each second that the transfers took; null where the system does not tell. */
  readonly cpuShare: number | null;
}

/** The gateway as it is, and as if it had one lane. */
const VARIANTS: readonly (BulkHandling & { readonly name: string })[] = [
  { name: 'as it is', isOneLane: false },
  { name: 'one lane for all', isOneLane: true },
];

/** Compiled in dist beside this file; from its source, with what compiles it. */
const WATCH = join(__dirname, 'write-watch');
const PRELOADS = existsSync(`${WATCH}.js`)
  ? [`${WATCH}.js`]
  : [join(__dirname, '../../worker-ts.cjs'), `${WATCH}.ts`];
const BYTES_A_MEBIBYTE = 1_048_576;

/** Uploads and downloads of large artifacts at once through the built gateway, and small writes beside them. */
export async function benchTransfers(plan: BenchPlan, folder: string): Promise<TransferFinding[]> {
  const findings: TransferFinding[] = [];
  for (const [number, { name, ...handling }] of VARIANTS.entries()) {
    const own = join(folder, String(number));
    await mkdir(own);
    const environment = { [BULK_HANDLING]: JSON.stringify(handling) };
    const gateway = await startGatewayChild(own, { preloads: PRELOADS, environment });
    try {
      findings.push({ name, ...(await measure(plan, gateway)) });
    } finally {
      await gateway.stop();
      // Each is as large as all that was sent.
      await rm(own, { recursive: true });
    }
  }
  return findings;
}

async function measure(
  { transfersAtOnce, transferBytes, transferWrites }: BenchPlan,
  gateway: GatewayChild,
): Promise<Omit<TransferFinding, 'name'>> {
  const connections = new Connections(gateway.origin);
  try {
    const setup = await GatewaySetup.begin(connections, gateway.adminToken);
    const [beating, ...tasks] = await setup.leaseTasks(transfersAtOnce + 1);
    if (beating === undefined) throw new Error('There was no task to lease');
    const jobId = await setup.completedJob('big', randomBytes(transferBytes));
    const beatWhile = beaterOf(connections, beating);
    await beatWhile((done) => done < transferWrites);
    await gateway.ask(TAKE_WRITES);

    const heartbeatsAlone = await beatWhile((done) => done < transferWrites);
    const writesAlone = (await gateway.ask(TAKE_WRITES)) as WriteTimes;
    const download = { path: `/jobs/${jobId}/artifacts/big`, token: setup.serviceToken };
    const transfers = { origin: gateway.origin, tasks, download, bytes: transferBytes };
    const cpuBefore = gateway.cpu();
    const { result, growthMebibytes } = await growthWhile(gateway.pid, async () => {
      let transferred: Transferred | null = null;
      const transferring = transfer(transfers).then((done) => (transferred = done));
      const beats = beatWhile(() => transferred === null);
      return Promise.all([transferring, beats]);
    });
    const cpuAfter = gateway.cpu();
    const [{ seconds, uploadedBytes, downloadedBytes }, heartbeatsBeside] = result;
    const writesBeside = (await gateway.ask(TAKE_WRITES)) as WriteTimes;
    return {
      writes: { alone: timesOf(writesAlone), beside: timesOf(writesBeside) },
      heartbeats: { alone: timesOf(heartbeatsAlone), beside: timesOf(heartbeatsBeside) },
      growthMebibytes,
      uploadMebibytesPerSecond: uploadedBytes / BYTES_A_MEBIBYTE / seconds,
      downloadMebibytesPerSecond: downloadedBytes / BYTES_A_MEBIBYTE / seconds,
      cpuShare: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / seconds,
    };
  } finally {
    await connections.close();
  }
}

/** Heartbeats of one task, one after the other; answers how long each took. */
function beaterOf(connections: Connections, task: HeldTask) {
  const call = aboutTask(task, 'heartbeat', { processed: 50, total: 100, status: 'half way' });
  return async (isToGoOn: (done: number) => boolean): Promise<number[]> => {
    const times: number[] = [];
    while (isToGoOn(times.length)) {
      const startedMs = performance.now();
      await connections.send(call);
      times.push(performance.now() - startedMs);
    }
    return times;
  };
}

function timesOf(times: readonly number[]): Times {
  return {
    count: times.length,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    worstMs: Math.max(...times),
  };
}
