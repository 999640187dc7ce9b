import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchPlan } from '../bench-plan';
import { Connections } from '../http/connections';
import { startGatewayChild, type GatewayChild } from '../http/gateway-child';
import { jsonOf, postJson } from '../http/gateway-setup';
import { growthWhile } from '../measure/memory-meter';
import { quantile } from '../measure/quantiles';
import { writeBacklog, type OwedTo } from './backlog';
import { AtOnce, ReceivingHost, type HostTemper } from './receiving-hosts';

/** From the answer to the call that ended a job to the arrival of the event, in ms. */
export interface EventDelay {
  readonly name: string;
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
}

export interface WebhooksFinding {
  /** Owed when the gateway started, and due. */
  readonly backlog: number;
  /** Of it, what the healthy hosts were owed. */
  readonly drained: number;
  readonly drainedPerSecond: number;
  /** Of the gateway's resident memory, from its start until half is drained; null where the system does not tell. */
  readonly growthMebibytes: number | null;
  /** Beyond what it had then, while the other half was: flat memory grows no more. */
  readonly laterGrowthMebibytes: number | null;
  /** Of the gateway, for each second that the draining took; null where the system does not tell. */
  readonly cpuShare: number | null;
  /** Posts at once: over all hosts, and at most at one. */
  readonly mostAtOnce: number;
  readonly mostAtOneHost: number;
  /** Posts that the dead host has accepted, and those that the slow one has answered, meanwhile. */
  readonly deadPosts: number;
  readonly slowAnswered: number;
  readonly alone: EventDelay;
  readonly beside: EventDelay;
}

/** One dead, one slow, six healthy; and a healthy one that is owed nothing but the new events. */
const TEMPERS: readonly HostTemper[] = [
  'dead',
  'slow',
  ...Array.from({ length: 6 }, () => 'healthy' as const),
];
/** Of the backlog, what the dead and the slow host are owed, each. */
const ILL_SHARE = 0.1;
const LOOK_EVERY_MS = 50;
const ENVIRONMENT = { FOREMAN_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' };

/** A backlog of webhooks to several hosts, drained by a gateway that starts with it; and new events beside what hangs. */
export async function benchWebhooks(plan: BenchPlan, folder: string): Promise<WebhooksFinding> {
  const total = new AtOnce();
  const hosts: ReceivingHost[] = [];
  for (const temper of TEMPERS) hosts.push(await ReceivingHost.start(temper, total));
  const fresh = await ReceivingHost.start('healthy', new AtOnce());
  try {
    const { owed, alone } = await prepare(plan, folder, hosts, fresh);
    const healthy = hosts.filter(({ temper }) => temper === 'healthy');
    const toDrain = owed
      .slice(-healthy.length)
      .reduce((sum, { deliveries }) => sum + deliveries, 0);
    return await withGateway(folder, async (gateway) => {
      const startedMs = performance.now();
      const cpuBefore = gateway.cpu();
      const answered = () => healthy.reduce((sum, host) => sum + host.answered, 0);
      const untilAnswered = (count: number) =>
        growthWhile(gateway.pid, async () => {
          while (answered() < count) await sleep(LOOK_EVERY_MS);
        });
      const { growthMebibytes } = await untilAnswered(toDrain / 2);
      const { growthMebibytes: laterGrowthMebibytes } = await untilAnswered(toDrain);
      const seconds = (performance.now() - startedMs) / 1000;
      const cpuAfter = gateway.cpu();
      const beside = await delaysOf(
        gateway,
        fresh,
        plan.webhooksEvents,
        'beside a dead and a slow host',
      );
      return {
        backlog: plan.webhooksBacklog,
        drained: toDrain,
        drainedPerSecond: toDrain / seconds,
        growthMebibytes,
        laterGrowthMebibytes,
        cpuShare: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / seconds,
        mostAtOnce: total.most,
        mostAtOneHost: Math.max(...hosts.map((host) => host.mostAtOnce)),
        deadPosts: hosts[0]?.posts ?? 0,
        slowAnswered: hosts[1]?.answered ?? 0,
        alone,
        beside,
      };
    });
  } finally {
    await Promise.all([...hosts, fresh].map((host) => host.stop()));
  }
}

/** Makes an endpoint for each host, measures new events while nothing is owed, and writes the backlog. */
async function prepare(
  { webhooksBacklog, webhooksEvents }: BenchPlan,
  folder: string,
  hosts: readonly ReceivingHost[],
  fresh: ReceivingHost,
): Promise<{ owed: OwedTo[]; alone: EventDelay }> {
  const owed: OwedTo[] = [];
  const prepared = await withGateway(folder, async (gateway) => {
    const connections = new Connections(gateway.origin);
    const ill = Math.floor(webhooksBacklog * ILL_SHARE);
    const healthyHosts = hosts.filter(({ temper }) => temper === 'healthy').length;
    const each = Math.floor((webhooksBacklog - ill * (hosts.length - healthyHosts)) / healthyHosts);
    for (const [number, host] of hosts.entries()) {
      const url = host.url(`/${number}`);
      const body = { url, kinds: ['of-no-job'] };
      const call = postJson('/admin/webhook-endpoints', gateway.adminToken, body);
      const { id: endpointId } = jsonOf<{ id: string }>(await connections.send(call));
      owed.push({ endpointId, url, deliveries: host.temper === 'healthy' ? each : ill });
    }
    await connections.close();
    // The first ones find a cold gateway.
    await delaysOf(gateway, fresh, Math.ceil(webhooksEvents / 5), 'warm-up');
    const alone = await delaysOf(gateway, fresh, webhooksEvents, 'with nothing else owed');
    return { alone, file: join(gateway.dataDir, 'foreman.db') };
  });
  writeBacklog(prepared.file, owed);
  return { owed, alone: prepared.alone };
}

async function withGateway<T>(
  folder: string,
  use: (gateway: GatewayChild) => Promise<T>,
): Promise<T> {
  const gateway = await startGatewayChild(folder, { environment: ENVIRONMENT });
  try {
    return await use(gateway);
  } finally {
    await gateway.stop();
  }
}

/** Jobs that end one after the other, and how long their service waits for the event of each. */
async function delaysOf(
  gateway: GatewayChild,
  host: ReceivingHost,
  events: number,
  name: string,
): Promise<EventDelay> {
  const connections = new Connections(gateway.origin);
  const delays: number[] = [];
  try {
    for (let number = 0; number < events; number += 1) {
      const path = `/${name.replaceAll(' ', '-')}/${number}`;
      const job = { kind: 'bench', webhook: { url: host.url(path) } };
      const submitted = await connections.send(postJson('/jobs', gateway.adminToken, job));
      const { id } = jsonOf<{ id: string }>(submitted);
      const arrival = host.arrivalAt(path);
      await connections.send(postJson(`/jobs/${id}/cancel`, gateway.adminToken, {}));
      const answeredMs = performance.now();
      delays.push(Math.max(0, (await arrival) - answeredMs));
    }
  } finally {
    await connections.close();
  }
  return {
    name,
    events,
    p50Ms: quantile(delays, 0.5),
    p99Ms: quantile(delays, 0.99),
    worstMs: Math.max(...delays),
  };
}
