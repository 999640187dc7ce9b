import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Client } from 'undici';
import type { BenchPlan } from '../bench-plan';
import { Connections } from '../http/connections';
import { startGatewayChild, type GatewayChild } from '../http/gateway-child';
import { at, GatewaySetup, type HeldTask } from '../http/gateway-setup';
import { growthWhile } from '../measure/memory-meter';
import { sample, type Sample } from '../measure/sample';
import { copyOf, insertBare } from './bare-rows';
import { ndjsonOf } from './strategy-rows';

/** One direction of all rows through the gateway. */
export interface RowFlow {
  readonly name: string;
  readonly rowsPerSecond: number;
  /** Of the gateway's resident memory; null where the system does not tell. */
  readonly growthMebibytes: number | null;
}

export interface ResultsFinding {
  readonly rows: number;
  /** The bare driver, before the gateway and after it. */
  readonly barePerSecond: readonly number[];
  /** The gateway's speed by the mean of the two. */
  readonly ratio: number;
  readonly cpuRatio: number | null;
  readonly flows: readonly RowFlow[];
}

/** One job's rows as one NDJSON body, and out again. */
export async function benchResults(plan: BenchPlan, folder: string): Promise<ResultsFinding> {
  const gateway = await startGatewayChild(folder);
  const connections = new Connections(gateway.origin);
  try {
    const setup = await GatewaySetup.begin(connections, gateway.adminToken);
    const [warmUp, task] = await setup.leaseTasks(2).then((held) => [at(held, 0), at(held, 1)]);
    if (warmUp === undefined || task === undefined) throw new Error('There was no task to lease');
    const database = join(gateway.dataDir, 'foreman.db');
    const bareFile = (name: string) => join(folder, `bare-${name}.db`);
    await copyOf(database, bareFile('first'));
    await copyOf(database, bareFile('second'));
    const { resultRows: rows } = plan;

    await sendRows(gateway, warmUp, plan.resultWarmUpRows);
    await readRows(gateway, setup.serviceToken, warmUp.jobId, 'text/csv');

    const first = insertBare(bareFile('first'), task.jobId, rows);
    const incoming = await growthWhile(gateway.pid, () =>
      sample(gateway.cpu, async () => perSecond(rows, () => sendRows(gateway, task, rows))),
    );
    const second = insertBare(bareFile('second'), task.jobId, rows);

    const flows: RowFlow[] = [
      {
        name: 'NDJSON in',
        rowsPerSecond: incoming.result.perSecond,
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
    return { rows, ...compared(incoming.result, [first, second]), flows };
  } finally {
    await connections.close();
    await gateway.stop();
  }
}

function compared(
  subject: Sample,
  bare: readonly Sample[],
): Pick<ResultsFinding, 'barePerSecond' | 'ratio' | 'cpuRatio'> {
  const barePerSecond = bare.map((side) => side.perSecond);
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const bareCpu = mean(bare.map(({ cpuSeconds }) => cpuSeconds ?? 0));
  const ratio = subject.perSecond / mean(barePerSecond);
  return { barePerSecond, ratio, cpuRatio: subject.cpuSeconds && bareCpu / subject.cpuSeconds };
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (count * 1000) / (performance.now() - startedMs);
}

async function sendRows(gateway: GatewayChild, task: HeldTask, count: number): Promise<void> {
  const client = clientOf(gateway);
  const { statusCode, body } = await client.request({
    path: `/internal/edges/tasks/${task.taskId}/results`,
    method: 'POST',
    headers: {
      authorization: `Bearer ${task.edgeToken}`,
      'foreman-lease': task.leaseToken,
      'content-type': 'application/x-ndjson',
    },
    body: Readable.from(ndjsonOf(count)),
  });
  const answer = await body.text();
  await client.close();
  if (statusCode !== 200 || (JSON.parse(answer) as { stored: number }).stored !== count) {
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
