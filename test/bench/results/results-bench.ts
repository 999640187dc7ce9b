import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Client } from 'undici';
import type { BenchPlan } from '../bench-plan';
import { Connections } from '../http/connections';
import { startGatewayChild, type GatewayChild } from '../http/gateway-child';
import { at, GatewaySetup, type HeldTask } from '../http/gateway-setup';
import { ownCpu } from '../measure/cpu-meter';
import { growthWhile } from '../measure/memory-meter';
import { compare, measurePairs, type Comparison } from '../measure/pairs';
import { sample } from '../measure/sample';
import { BareRows, copyOf } from './bare-rows';
import { ndjsonOf, rowTexts, type RowTexts } from './strategy-rows';

/** One direction of all rows through the gateway. */
export interface RowFlow {
  readonly name: string;
  readonly rowsPerSecond: number;
  /** Of the gateway's resident memory; null where the system does not tell. */
  readonly growthMebibytes: number | null;
}

export interface ResultsFinding {
  readonly rows: number;
  /** NDJSON in, against the bare driver. */
  readonly incoming: Comparison;
  readonly flows: readonly RowFlow[];
}

/** Slices that the rows come in, by turns with the bare driver: what else the machine does meets both. */
const SLICES = 20;

/** One job's rows as NDJSON, and out again. */
export async function benchResults(plan: BenchPlan, folder: string): Promise<ResultsFinding> {
  const gateway = await startGatewayChild(folder);
  const connections = new Connections(gateway.origin);
  try {
    const setup = await GatewaySetup.begin(connections, gateway.adminToken);
    const [warmUp, task] = await setup.leaseTasks(2).then((held) => [at(held, 0), at(held, 1)]);
    if (warmUp === undefined || task === undefined) throw new Error('There was no task to lease');
    const { resultRows: rows } = plan;
    await sendRows(gateway, warmUp, textsOf(0, plan.resultWarmUpRows), plan.resultWarmUpRows);
    await readRows(gateway, setup.serviceToken, warmUp.jobId, 'text/csv');

    const incoming = await growthWhile(gateway.pid, () =>
      compareIncoming(gateway, task, rows, folder),
    );
    const flows: RowFlow[] = [
      {
        name: 'NDJSON in',
        rowsPerSecond: incoming.result.subjectPerSecond,
        growthMebibytes: incoming.growthMebibytes,
      },
    ];
    for (const type of ['text/csv', 'application/x-ndjson']) {
      const read = () => readRows(gateway, setup.serviceToken, task.jobId, type);
      const outgoing = await growthWhile(gateway.pid, () => perSecond(rows, read));
      const name = type === 'text/csv' ? 'CSV out' : 'NDJSON out';
      const { result: rowsPerSecond, growthMebibytes } = outgoing;
      flows.push({ name, rowsPerSecond, growthMebibytes });
    }
    return { rows, incoming: incoming.result, flows };
  } finally {
    await connections.close();
    await gateway.stop();
  }
}

/** Slice by slice, to the same task and to an empty copy of the gateway's database. */
async function compareIncoming(
  gateway: GatewayChild,
  task: HeldTask,
  rows: number,
  folder: string,
): Promise<Comparison> {
  const bareFile = join(folder, 'bare.db');
  await copyOf(join(gateway.dataDir, 'foreman.db'), bareFile);
  const bare = new BareRows(bareFile, task.jobId);
  const slice = Math.ceil(rows / SLICES);
  const pairs = await measurePairs({ rounds: SLICES, budgetMs: Infinity }, async (round) => {
    const from = round * slice;
    const texts = textsOf(from, slice);
    const send = () => sendRows(gateway, task, texts, from + slice);
    const store = async () => bare.store(texts);
    return {
      subject: () => sample(gateway.cpu, () => perSecond(slice, send)),
      baseline: () => sample(ownCpu, () => perSecond(slice, store)),
    };
  });
  bare.close();
  return compare('NDJSON in', pairs);
}

function textsOf(from: number, count: number): readonly RowTexts[] {
  return Array.from({ length: count }, (_, index) => rowTexts(from + index));
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (count * 1000) / (performance.now() - startedMs);
}

/** Its task has `stored` rows then. */
async function sendRows(
  gateway: GatewayChild,
  task: HeldTask,
  texts: readonly RowTexts[],
  stored: number,
): Promise<void> {
  const client = clientOf(gateway);
  const { statusCode, body } = await client.request({
    path: `/internal/edges/tasks/${task.taskId}/results`,
    method: 'POST',
    headers: {
      authorization: `Bearer ${task.edgeToken}`,
      'foreman-lease': task.leaseToken,
      'content-type': 'application/x-ndjson',
    },
    body: Readable.from(ndjsonOf(texts)),
  });
  const answer = await body.text();
  await client.close();
  if (statusCode !== 200 || (JSON.parse(answer) as { stored: number }).stored !== stored) {
    throw new Error(`The rows were not taken: ${statusCode} ${answer}`);
  }
}

/** Reads them as fast as they come, and drops them. */
async function readRows(
  gateway: GatewayChild,
  token: string,
  jobId: string,
  accept: string,
): Promise<void> {
  const client = clientOf(gateway);
  const { statusCode, body } = await client.request({
    path: `/jobs/${jobId}/results`,
    method: 'GET',
    headers: { authorization: `Bearer ${token}`, accept },
  });
  if (statusCode !== 200) throw new Error(`The export was not answered: ${statusCode}`);
  for await (const _piece of body);
  await client.close();
}

/** A connection of its own: while the bare driver holds this process for a minute, an idle one is closed. */
function clientOf(gateway: GatewayChild): Client {
  return new Client(gateway.origin, { headersTimeout: 0, bodyTimeout: 0 });
}
